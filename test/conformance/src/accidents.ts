// Damage to several files at once, as careless hands do it: the end of a log, all of a log, exchanged files, directories of
// another job, entries that were never written.

import { present } from '@weirjs/common/core/assert'
import { logEntry } from '@weirjs/common/core/checkpoint/paths'
import type { Image } from './image.ts'

export interface Accident {
  readonly what: string
  /** What the error names. */
  readonly names: string
  readonly changes: Readonly<Record<string, Uint8Array | null>>
}

export function accidents(image: Image): readonly Accident[] {
  const { job, other, files } = image
  const bytesOf = (path: string): Uint8Array => present(files.get(path), path)
  const below = (directory: string): readonly string[] =>
    [...files.keys()].filter((path) => path.startsWith(`${directory}/`))
  const entries = below(`${job}/log`).filter((path) => /\/\d+$/.test(path))
  const last = entries.length
  const newest = `chk-${present(image.checkpoints.at(-1), 'a checkpoint')}`
  const none = (paths: readonly string[]): Record<string, null> =>
    Object.fromEntries(paths.map((path) => [path, null]))
  /** The files of one directory in the place of those of another. */
  const put = (from: string, to: string): Record<string, Uint8Array | null> => ({
    ...none(below(to)),
    ...Object.fromEntries(
      below(from).map((path) => [`${to}${path.slice(from.length)}`, bytesOf(path)]),
    ),
  })
  const exchanged = (a: string, b: string): Record<string, Uint8Array> => ({
    [a]: bytesOf(b),
    [b]: bytesOf(a),
  })
  const states = below(`${job}/${newest}`).filter((path) => path.endsWith('.state'))
  const [first = '', second = ''] = states
  const next = logEntry(job, last + 1)
  const lost = (count: number): Accident => ({
    what: `the last ${count} entries are missing`,
    names: logEntry(job, last),
    changes: none(entries.slice(-count)),
  })
  return [
    ...Array.from({ length: last }, (_, i) => lost(i + 1)),
    { what: 'the log is missing', names: `${job}/log`, changes: none(below(`${job}/log`)) },
    {
      what: 'the log is of another job',
      names: `${job}/log`,
      changes: put(`${other}/log`, `${job}/log`),
    },
    ...[1, 2, 3].map((n) => ({
      what: `entries ${n} and ${n + 1} are exchanged`,
      names: logEntry(job, n + 1),
      changes: exchanged(logEntry(job, n), logEntry(job, n + 1)),
    })),
    {
      what: 'an entry too many, of itself',
      names: next,
      changes: { [next]: bytesOf(logEntry(job, last)) },
    },
    {
      what: 'an entry too many, of another job',
      names: next,
      changes: { [next]: bytesOf(logEntry(other, last)) },
    },
    { what: 'an empty entry too many', names: next, changes: { [next]: new Uint8Array() } },
    {
      what: 'the newest checkpoint is missing',
      names: `${job}/${newest}`,
      changes: none(below(`${job}/${newest}`)),
    },
    {
      what: 'the newest checkpoint is an older one',
      names: `${job}/${newest}/manifest`,
      changes: put(`${job}/chk-${image.checkpoints[0]}`, `${job}/${newest}`),
    },
    {
      what: 'the newest checkpoint is of another job',
      names: `${job}/${newest}/manifest`,
      changes: put(`${other}/${newest}`, `${job}/${newest}`),
    },
    {
      what: 'two state files are exchanged',
      names: `${job}/${newest}/`,
      changes: exchanged(first, second),
    },
    { what: 'all state files are missing', names: `${job}/${newest}/`, changes: none(states) },
  ]
}
