// What faults come to, one by one: a storm that is drawn is none until something is late, lost or refused by it, and a loss
// of power proves something only where it takes what was not safe. Counted beside the faults, and not in the history: many
// of them are as frequent as messages.

/** Which kind of fault each comes from. */
export const EFFECTS = {
  // A message took longer than a sound network lets it.
  delayed: 'network',
  // A call arrived before one that was sent earlier.
  reordered: 'network',
  drop: 'network',
  duplicate: 'network',
  break: 'network',
  // An operation took longer than on a sound disk.
  'slow-disk': 'disk',
  'file-fail': 'disk',
  'file-ambiguous': 'disk',
  'storage-fail': 'disk',
  'storage-ambiguous': 'disk',
  // Something could not be written.
  'no-room': 'disk-full',
  'storage-unreached': 'storage-cut',
  // A call or a connection did not get through.
  unreached: 'partition',
  // A turn of a job process took longer.
  'slow-turn': 'slow',
  // Something was to happen in a process that slept.
  'held-back': 'pause-job',
  // Bytes or names that were not synced did not survive; were kept in part, or damaged; names that were removed were back.
  'unsynced-lost': 'power-loss',
  torn: 'power-loss',
  'back-again': 'power-loss',
} as const

/** In a few seeds of a hundred. */
export const RARE_EFFECTS: readonly Effect[] = [
  'break',
  'file-fail',
  'file-ambiguous',
  'storage-ambiguous',
]

export type Effect = keyof typeof EFFECTS
export const EFFECT_NAMES = Object.keys(EFFECTS) as readonly Effect[]
