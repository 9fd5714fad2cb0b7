import type { LogicalGraph, LogicalNode } from '@weirjs/common/core/graph/logical-graph'
import type { PhysicalPlan } from '@weirjs/common/core/graph/physical-plan'
import { WeirError } from '@weirjs/common/core/errors'
import { describe, expect, it } from 'vitest'
import {
  countingGraph,
  parallelPipelines,
  sampleEdge,
  sampleGraph,
  sampleNode,
  sampleSettings,
} from './graph-samples.ts'
import { failoverRegions } from '../job/failover-regions.ts'
import { deriveMaxParallelism, planJob } from './planner.ts'

const names = (plan: PhysicalPlan): string[] => plan.vertices.map((vertex) => vertex.name)

function refusal(graph: LogicalGraph, settings = sampleSettings()): WeirError {
  try {
    planJob(graph, settings)
  } catch (error) {
    expect(error).toBeInstanceOf(WeirError)
    expect((error as WeirError).code).toBe('job/invalid-graph')
    expect((error as WeirError).retry).toBe('never')
    return error as WeirError
  }
  throw new Error('the graph was accepted')
}

/** splits ⇒ read → `nodes` in a row → out, all forward. */
function row(...nodes: LogicalNode[]): LogicalGraph {
  const all = [
    sampleNode('splits', 'source-enumerator'),
    sampleNode('read', 'source-reader'),
    ...nodes,
    sampleNode('out', 'sink'),
  ]
  const edges = all
    .slice(1)
    .map((node, i) =>
      sampleEdge((all[i] as LogicalNode).id, node.id, i === 0 ? 'assign' : 'forward'),
    )
  return sampleGraph(all, edges)
}

describe('planJob', () => {
  it('makes an enumerator, a reading chain and a counting chain of the usual job', () => {
    const { plan } = planJob(countingGraph(), sampleSettings({ parallelism: 4 }))
    expect(names(plan)).toEqual(['splits', 'read → map', 'count → out'])
    expect(plan.vertices.map((v) => v.parallelism)).toEqual([1, 4, 4])
    expect(plan.vertices.map((v) => v.maxParallelism)).toEqual([128, 128, 128])
    expect(
      plan.edges.map(
        (e) => `${e.id} ${e.from}/${e.fromOperator} ${e.partitioning.kind} ${e.to}#${e.input}`,
      ),
    ).toEqual(['e0 v0/splits assign v1#0', 'e1 v1/map hash v2#0'])
    expect(plan.vertices[1]?.operators.map((o) => o.outputs)).toEqual([
      [{ tag: 'main', target: { to: 'operator', index: 1, edgeIndex: 1 } }],
      [{ tag: 'main', target: { to: 'edge', edge: 'e1' } }],
    ])
    expect(plan.vertices[2]).toMatchObject({ inputs: ['e1'], outputs: [] })
  })

  it.each(['x\n', '\u001b[2J', '\u009b2J', 'a\u2029b'])('refuses the name %j', (name) => {
    const graph = countingGraph()
    const ofJob = refusal({ ...graph, name })
    const ofStep = refusal(row({ ...sampleNode('step', 'map'), name }))
    const uid = refusal(row(sampleNode(name, 'map')))
    for (const { message } of [ofJob, ofStep, uid]) {
      expect(message).toContain('has a control character in')
      expect(message).not.toContain(name)
    }
  })

  it('gives the same plan for the same graph', () => {
    const settings = sampleSettings({ parallelism: 3 })
    expect(planJob(countingGraph(), settings)).toEqual(planJob(countingGraph(), settings))
  })

  it('chains a tree when one operator feeds several forward consumers', () => {
    const graph = sampleGraph(
      [
        sampleNode('splits', 'source-enumerator'),
        sampleNode('read', 'source-reader'),
        sampleNode('a', 'map'),
        sampleNode('b', 'sink'),
        sampleNode('late', 'sink'),
      ],
      [
        sampleEdge('splits', 'read', 'assign'),
        sampleEdge('read', 'a'),
        sampleEdge('a', 'b'),
        sampleEdge('a', 'late', 'forward', { output: 'late' }),
      ],
    )
    const { plan } = planJob(graph, sampleSettings())
    expect(names(plan)).toEqual(['splits', 'read → a → (b, late)'])
    expect(plan.vertices[1]?.operators[1]?.outputs).toEqual([
      { tag: 'main', target: { to: 'operator', index: 2, edgeIndex: 2 } },
      { tag: 'late', target: { to: 'operator', index: 3, edgeIndex: 3 } },
    ])
  })

  it('starts a chain at a union, at a second input and at a keyed input', () => {
    const graph = sampleGraph(
      [
        sampleNode('s1', 'source-enumerator'),
        sampleNode('r1', 'source-reader'),
        sampleNode('s2', 'source-enumerator'),
        sampleNode('r2', 'source-reader'),
        sampleNode('both', 'map'),
        sampleNode('co', 'co-process'),
        sampleNode('out', 'sink'),
      ],
      [
        sampleEdge('s1', 'r1', 'assign'),
        sampleEdge('s2', 'r2', 'assign'),
        sampleEdge('r1', 'both'),
        sampleEdge('r2', 'both'),
        sampleEdge('r2', 'co', 'rebalance', { input: 1 }),
        sampleEdge('both', 'co'),
        sampleEdge('co', 'out'),
      ],
    )
    const { plan } = planJob(graph, sampleSettings())
    expect(names(plan)).toEqual(['s1', 's2', 'r1', 'r2', 'both', 'co → out'])
    expect(
      plan.vertices[4]?.inputs.map((id) => plan.edges.find((e) => e.id === id)?.fromOperator),
    ).toEqual(['r1', 'r2'])
    expect(
      plan.vertices[5]?.inputs.map((id) => plan.edges.find((e) => e.id === id)?.fromOperator),
    ).toEqual(['both', 'r2'])
  })

  it.each([
    [
      'chaining is off',
      row(sampleNode('m', 'map')),
      sampleSettings({ chaining: false }),
      'read|m|out',
    ],
    [
      'the consumer starts a chain',
      row(sampleNode('m', 'map', { chaining: 'head' })),
      sampleSettings(),
      'read|m → out',
    ],
    [
      'a step is never chained',
      row(sampleNode('m', 'map', { chaining: 'never' })),
      sampleSettings(),
      'read|m|out',
    ],
    [
      'the slot-sharing groups differ',
      row(sampleNode('m', 'map', { slotSharingGroup: 'x' })),
      sampleSettings(),
      'read|m|out',
    ],
    [
      'the maximum parallelisms differ',
      row(sampleNode('m', 'map', { maxParallelism: 64 })),
      sampleSettings(),
      'read|m|out',
    ],
    [
      'the parallelisms differ',
      row(sampleNode('m', 'map', { parallelism: 2 })),
      sampleSettings(),
      'read|m|out',
    ],
  ])('does not chain when %s', (_why, graph, settings, expected) => {
    expect(names(planJob(graph, settings).plan).slice(1).join('|')).toBe(expected)
  })

  it('turns forward between unequal parallelisms into rebalance and says why', () => {
    const { plan, notes } = planJob(
      row(sampleNode('m', 'map', { parallelism: 2 })),
      sampleSettings(),
    )
    expect(plan.edges.map((e) => e.partitioning.kind)).toEqual(['assign', 'rebalance', 'rebalance'])
    expect(notes.filter((n) => n.kind === 'downgraded').map((n) => n.text)).toEqual([
      "forward from 'read' to 'm' became rebalance: parallelism 1 feeds parallelism 2",
      "forward from 'm' to 'out' became rebalance: parallelism 2 feeds parallelism 1",
    ])
  })

  it('derives the maximum parallelism with room to grow', () => {
    expect([1, 85, 86, 128, 1000, 32768].map(deriveMaxParallelism)).toEqual([
      128, 128, 256, 256, 2048, 32768,
    ])
  })

  it('plans ten thousand steps', () => {
    const { plan } = planJob(
      row(...Array.from({ length: 9_997 }, (_, i) => sampleNode(`m${i}`, 'map'))),
      sampleSettings(),
    )
    expect(plan.vertices).toHaveLength(2)
    expect(plan.vertices[1]?.operators).toHaveLength(9_999)
  })
})

describe('planJob refuses', () => {
  it('a uid that is used twice, with both places', () => {
    const error = refusal(
      row(
        sampleNode('m', 'map', { location: 'job.ts:5' }),
        sampleNode('m', 'filter', { location: 'job.ts:9' }),
      ),
    )
    expect(error.message).toContain(
      "uid 'm' is used by 'm' and by 'm' (the other one is at job.ts:5)",
    )
    expect(error.location).toBe('job.ts:9')
  })

  it('a cycle, naming its path', () => {
    const base = row(sampleNode('a', 'map'), sampleNode('b', 'map'), sampleNode('c', 'map'))
    const error = refusal({ ...base, edges: [...base.edges, sampleEdge('c', 'a')] })
    expect(error.message).toBe('the steps form a cycle: a → b → c → a')
  })

  it('an edge from or to nowhere', () => {
    const base = row()
    expect(
      refusal({ ...base, edges: [...base.edges, sampleEdge('ghost', 'out')] }).message,
    ).toContain('unknown step "ghost"')
    expect(
      refusal({ ...base, edges: [...base.edges, sampleEdge('read', 'ghost')] }).message,
    ).toContain('unknown step "ghost"')
  })

  it.each([0, -1, 1.5, 32_769, Number.NaN])('parallelism %d', (parallelism) => {
    expect(refusal(row(), sampleSettings({ parallelism })).message).toContain('parallelism')
    expect(refusal(row(sampleNode('m', 'map', { parallelism }))).message).toContain("'m'")
    expect(refusal(row(sampleNode('m', 'map', { maxParallelism: parallelism }))).message).toContain(
      'maximum',
    )
  })

  it('a parallelism above the maximum parallelism', () => {
    expect(
      refusal(row(sampleNode('m', 'map', { parallelism: 8, maxParallelism: 4 }))).message,
    ).toContain('above its maximum')
    expect(refusal(row(), sampleSettings({ parallelism: 8, maxParallelism: 4 })).message).toContain(
      'above its maximum',
    )
  })

  it('a parallel enumerator', () => {
    const base = row()
    const nodes = base.nodes.map((n) => (n.id === 'splits' ? { ...n, parallelism: 2 } : n))
    expect(refusal({ ...base, nodes }).message).toContain('an enumerator has parallelism 1')
  })

  it('a graph without source, without sink, without steps', () => {
    expect(refusal(sampleGraph([], [])).message).toContain('no steps')
    expect(refusal(sampleGraph([sampleNode('out', 'sink')], [])).message).toContain('no source')
    expect(
      refusal(
        sampleGraph(
          [sampleNode('s', 'source-enumerator'), sampleNode('r', 'source-reader')],
          [sampleEdge('s', 'r', 'assign')],
        ),
      ).message,
    ).toContain('no sink')
  })

  it('a step whose inputs do not fit its kind', () => {
    expect(refusal(row(sampleNode('k', 'keyed-process'))).message).toContain('needs a keyed input')
    expect(refusal(row(sampleNode('co', 'co-process'))).message).toContain('no second input')
    const base = row(sampleNode('m', 'map'))
    expect(
      refusal({ ...base, edges: [...base.edges, sampleEdge('read', 'm', 'forward', { input: 1 })] })
        .message,
    ).toContain('one input')
    expect(
      refusal({ ...base, nodes: [...base.nodes, sampleNode('lonely', 'map')] }).message,
    ).toContain("'lonely' has no input")
  })

  it('more steps, edges or subtasks than the limits', () => {
    expect(
      refusal(row(...Array.from({ length: 10_000 }, (_, i) => sampleNode(`m${i}`, 'map')))).message,
    ).toContain('at most 10000')
    const base = row(
      ...Array.from({ length: 7 }, (_, i) => sampleNode(`m${i}`, 'map', { parallelism: 32_768 })),
    )
    expect(refusal(base).message).toContain('at most 200000')
  })
})

describe('failoverRegions', () => {
  it('finds one region in a connected job', () => {
    expect(failoverRegions(planJob(countingGraph(), sampleSettings()).plan)).toEqual([
      { index: 0, vertices: ['v0', 'v1', 'v2'] },
    ])
  })

  it('finds a region per independent pipeline, enumerator and readers together', () => {
    const regions = failoverRegions(planJob(parallelPipelines(3), sampleSettings()).plan)
    expect(regions.map((r) => r.vertices.length)).toEqual([2, 2, 2])
  })
})
