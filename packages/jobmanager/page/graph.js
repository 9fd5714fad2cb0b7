// The graph of a job as a picture: a column for each step away from the sources, a box for each vertex with what its
// subtasks do. Positions come from the graph alone, so nothing jumps when numbers change.

import { s } from './dom.js'
import { count, percent, rate, short } from './format.js'

const BOX = { width: 216, height: 104 }
const GAP = { x: 74, y: 22 }
const MARGIN = 8
const NAME_CHARS = 29

/** Column of each vertex: the longest way from a source. Nodes come in topological order. */
export function columnsOf(nodes) {
  const columns = new Map()
  for (const node of nodes) {
    const before = node.inputs.map((input) => columns.get(input.id) ?? -1)
    columns.set(node.id, 1 + Math.max(-1, ...before))
  }
  return columns
}

/** Where each vertex stands: `{x, y}` by id, and the size of the whole. */
export function layout(nodes) {
  const columns = columnsOf(nodes)
  const heights = new Map()
  const places = new Map()
  for (const { id } of nodes) {
    const column = columns.get(id)
    const row = heights.get(column) ?? 0
    heights.set(column, row + 1)
    places.set(id, {
      x: MARGIN + column * (BOX.width + GAP.x),
      y: MARGIN + row * (BOX.height + GAP.y),
    })
  }
  const rows = Math.max(1, ...heights.values())
  const wide = Math.max(1, heights.size)
  return {
    places,
    width: 2 * MARGIN + wide * BOX.width + (wide - 1) * GAP.x,
    height: 2 * MARGIN + rows * BOX.height + (rows - 1) * GAP.y,
  }
}

/** `rates`: records in and out per second by vertex, or null where not known yet. */
export function graph(job, rates) {
  const { nodes } = job.plan
  const { places, width, height } = layout(nodes)
  const vertices = new Map(job.vertices.map((vertex) => [vertex.id, vertex]))
  const edges = nodes.flatMap((node) =>
    node.inputs.map((input) => edge(places.get(input.id), places.get(node.id), input)),
  )
  const boxes = nodes.map((node) =>
    box(places.get(node.id), node, vertices.get(node.id), rates.get(node.id) ?? null),
  )
  return s(
    'svg',
    { class: 'picture', width, height, viewBox: `0 0 ${width} ${height}`, role: 'group' },
    s(
      'title',
      {},
      `Graph of ${job.name}: ${nodes.length} vertices; the table below has the same numbers`,
    ),
    edges,
    boxes,
  )
}

function edge(from, to, input) {
  if (from === undefined || to === undefined) return null
  const start = { x: from.x + BOX.width, y: from.y + BOX.height / 2 }
  const end = { x: to.x, y: to.y + BOX.height / 2 }
  const bend = Math.max(24, (end.x - start.x) / 2)
  const path = `M${start.x} ${start.y}C${start.x + bend} ${start.y} ${end.x - bend} ${end.y} ${end.x - 6} ${end.y}`
  const arrow = `M${end.x - 7} ${end.y - 4}l6 4l-6 4`
  const middle = { x: (start.x + end.x) / 2, y: (start.y + end.y) / 2 - 6 }
  return s(
    'g',
    {},
    s('path', { class: 'edge', d: path }),
    s('path', { class: 'edge', d: arrow }),
    s('text', { class: 'edge-name', x: middle.x, y: middle.y }, input.ship_strategy.toLowerCase()),
  )
}

function box(place, node, vertex, rates) {
  const metrics = vertex?.metrics
  const busy = metrics?.['busy-ratio'] ?? 0
  const held = metrics?.['backpressured-ratio'] ?? 0
  const state = vertex?.status ?? ''
  const said = [
    node.description,
    `${state}, parallelism ${node.parallelism}`,
    `busy ${percent(busy)}, back-pressured ${percent(held)}`,
    `${count(metrics?.['read-records'] ?? 0)} records in, ${count(metrics?.['write-records'] ?? 0)} out`,
  ]
  const line = (y, name, ...text) => s('text', { x: 12, y, class: name }, ...text)
  const flow = (name, total, perSecond) =>
    `${name} ${count(total)}${perSecond === null || perSecond === undefined ? '' : ` · ${rate(perSecond)}`}`
  return s(
    'g',
    { transform: `translate(${place.x} ${place.y})`, role: 'img', 'aria-label': said.join('; ') },
    s('title', {}, said.join('\n')),
    s('rect', {
      class: state === 'FAILED' ? 'box bad' : 'box',
      width: BOX.width,
      height: BOX.height,
      rx: 7,
    }),
    line(20, 'name', short(node.description, NAME_CHARS)),
    line(37, 'note', `×${node.parallelism} · ${state.toLowerCase()}`),
    line(56, '', flow('in', metrics?.['read-records'] ?? 0, rates?.in)),
    line(72, '', flow('out', metrics?.['write-records'] ?? 0, rates?.out)),
    meter(busy, held),
  )
}

/** Work, waiting for others, and nothing to do, side by side. */
function meter(busy, held) {
  const width = BOX.width - 24
  const working = Math.min(1, busy) * width
  const waiting = Math.min(1 - Math.min(1, busy), held) * width
  return s(
    'g',
    { transform: 'translate(12 80)' },
    s('rect', { class: 'bar-idle', width, height: 5, rx: 2 }),
    s('rect', { class: 'bar-held', x: working, width: waiting, height: 5 }),
    s('rect', { class: 'bar-busy', width: working, height: 5, rx: 2 }),
    s(
      'text',
      { class: 'note', y: 17, 'font-size': 10.5 },
      `busy ${percent(busy)} · back-pressured ${percent(held)}`,
    ),
  )
}
