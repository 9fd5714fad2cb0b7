// Checkpoints as bars, oldest on the left: the height is the time that each took, the figure above the highest says how
// long that was. Failed ones reach the full height, hatched by colour and named in their label.

import { h, s } from './dom.js'
import { bytes, duration, time } from './format.js'

const SHOWN_MAX = 60
const BAR = { width: 11, gap: 4 }
const HEIGHT = 96
const TOP = 16

export function checkpointBars(history) {
  const shown = history.slice(0, SHOWN_MAX).toReversed()
  if (shown.length === 0) return h('p', { class: 'faint' }, 'There is no checkpoint yet.')
  const longest = Math.max(1, ...shown.map((one) => one.end_to_end_duration))
  const largest = Math.max(1, ...shown.map((one) => one.state_size))
  const width = Math.max(320, shown.length * (BAR.width + BAR.gap) + 8)
  const total = TOP + HEIGHT + 40
  return s(
    'svg',
    { class: 'picture', width, height: total, viewBox: `0 0 ${width} ${total}`, role: 'group' },
    s('title', {}, `The newest ${shown.length} checkpoints: time taken above, size below`),
    s('line', { class: 'grid', x1: 0, x2: width, y1: TOP, y2: TOP }),
    s('text', { class: 'note', x: 0, y: TOP - 5 }, duration(longest)),
    s('line', { class: 'grid', x1: 0, x2: width, y1: TOP + HEIGHT, y2: TOP + HEIGHT }),
    shown.map((one, index) => bar(one, index, longest, largest)),
    s('text', { class: 'note', x: 0, y: total - 2 }, `largest state ${bytes(largest)}`),
  )
}

function bar(one, index, longest, largest) {
  const x = index * (BAR.width + BAR.gap)
  const share = one.status === 'COMPLETED' ? one.end_to_end_duration / longest : 1
  const height = Math.max(2, share * HEIGHT)
  const kind = { COMPLETED: 'done', FAILED: 'failed', IN_PROGRESS: 'waiting' }[one.status]
  const label = [
    `checkpoint ${one.id}: ${one.status.toLowerCase().replace('_', ' ')}, ${one.kind}`,
    one.status === 'COMPLETED'
      ? `${duration(one.end_to_end_duration)}, ${bytes(one.state_size)}`
      : null,
    one.failure_message,
    time(one.trigger_timestamp),
  ].filter((text) => text !== null)
  return s(
    'g',
    { role: 'img', 'aria-label': label.join('; ') },
    s('title', {}, label.join('\n')),
    s('rect', {
      class: `${kind} ${one.kind}`,
      x,
      y: TOP + HEIGHT - height,
      width: BAR.width,
      height,
      rx: 2,
    }),
    s('rect', {
      class: 'waiting',
      x,
      y: TOP + HEIGHT + 3,
      width: BAR.width,
      height: Math.max(1, (one.state_size / largest) * 16),
    }),
  )
}
