// What the parts of the contract suite share: declared states of every kind, nasty keys, and ways
// to fill a back end, to snapshot it and to compare it.

import { floatCodec, textCodec } from '@weirjs/common/codec/primitives'
import { keyCodec } from '@weirjs/common/codec/key-codec'
import type { Codec, Key } from '@weirjs/common/core/codec'
import type { Clock } from '@weirjs/common/core/clock'
import type { StateRuntime } from '@weirjs/api/functions'
import { MemorySnapshot } from '../memory-snapshot.ts'
import type { KeyedSnapshot, KeyedStateBackend } from '../state-backend.ts'

export interface OpenBackendOptions {
  /** [first, end) */
  readonly maxParallelism: number
  readonly keyGroups: { readonly first: number; readonly end: number }
  readonly keyCodec: Codec<Key>
  readonly states: readonly StateRuntime[]
  readonly clock: Clock
}

export type OpenBackend = (options: OpenBackendOptions) => KeyedStateBackend

export const KEY_GROUPS: number = 16
export const json: Codec = {
  descriptor: { name: 'test/json', version: 1 },
  write: (sink, value) => {
    sink.u8(0)
    sink.text(JSON.stringify(value))
  },
  read: (source) => {
    source.u8()
    return JSON.parse(source.text()) as unknown
  },
}

const checkpointed = true
export const number: StateRuntime = {
  name: 'number',
  kind: 'value',
  codec: floatCodec,
  initial: () => 0,
  checkpointed,
}
export const object: StateRuntime = { name: 'object', kind: 'value', codec: json, checkpointed }
export const list: StateRuntime = { name: 'list', kind: 'list', codec: json, checkpointed }
export const map: StateRuntime = {
  name: 'map',
  kind: 'map',
  codec: json,
  keyCodec: keyCodec as Codec,
  checkpointed,
}
export const longest: StateRuntime = {
  name: 'longest',
  kind: 'reducing',
  codec: textCodec as Codec,
  checkpointed,
  reduce: (a, b) => ((a as string).length >= (b as string).length ? a : b),
}
export const mean: StateRuntime = {
  name: 'mean',
  kind: 'aggregating',
  codec: json,
  checkpointed,
  aggregate: {
    create: () => ({ sum: 0, count: 0 }),
    add: (accumulator, value) => {
      const sums = accumulator as { sum: number; count: number }
      sums.sum += value as number
      sums.count += 1
      return sums
    },
    result: (accumulator) => {
      const { sum, count } = accumulator as { sum: number; count: number }
      return sum / count
    },
  },
}
export const scratch: StateRuntime = {
  name: 'scratch',
  kind: 'value',
  codec: json,
  checkpointed: false,
}
export const STATES: readonly StateRuntime[] = [number, object, list, map, longest, mean, scratch]

export const NASTY_KEYS: readonly Key[] = [
  1,
  '1',
  1n,
  true,
  false,
  'true',
  0,
  '0',
  0n,
  '',
  ' ',
  0.1,
  -0.5,
  2 ** 31,
  -(2 ** 31),
  2 ** 53 - 1,
  1e300,
  5e-324,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  '__proto__',
  'constructor',
  'toString',
  '\ud800',
  '\udc00',
  '\ufffd',
  '\ud83d\ude00',
  'ä',
  '中文',
  'a\u0000b',
  2n ** 64n,
  -(2n ** 64n),
  12345678901234567890123456789012345678901234567890n,
  'x'.repeat(10_000),
]

/** Time that stands still unless told otherwise. */
export class StillClock implements Clock {
  now: number = 0
  nowMs(): number {
    return this.now
  }
  wallMs(): number {
    return this.now
  }
}

export interface Opened {
  readonly backend: KeyedStateBackend
  readonly at: (key: Key) => void
}

export type Open = (
  keyGroups?: { first: number; end: number },
  states?: readonly StateRuntime[],
  clock?: Clock,
) => Opened
export type Reopen = (
  snapshots: readonly Snapshot[],
  keyGroups?: { first: number; end: number },
) => Opened

export interface Snapshot {
  readonly memory: MemorySnapshot
  readonly file: MemorySnapshot['file']
  readonly keyed: ReturnType<KeyedSnapshot['result']>
}

export function finishSnapshot(
  snapshot: KeyedSnapshot,
  memory: MemorySnapshot = new MemorySnapshot(),
): Snapshot {
  return { memory, file: memory.file, keyed: memory.keyed(snapshot) }
}

export const snapshotOf = (backend: KeyedStateBackend): Snapshot =>
  finishSnapshot(backend.snapshot())

export const showKey = (key: Key): string => `${typeof key} ${JSON.stringify(String(key))}`

/**
 * Everything in a back end as text that compares. Timers are taken out, so they are asked for
 * separately.
 */
export function dump(backend: KeyedStateBackend): readonly string[] {
  const lines: string[] = []
  const each = (state: StateRuntime, show: () => unknown): void => {
    for (const keys = backend.visitKeys(state); keys.next(); )
      lines.push(`${state.name} ${showKey(backend.currentKey)} ${JSON.stringify(show())}`)
  }
  each(number, () => backend.value(number).get())
  each(object, () => backend.value(object).get())
  each(list, () => backend.list(list).get())
  each(map, () =>
    [...backend.map(map).entries()].map(([k, v]) => `${showKey(k)} ${JSON.stringify(v)}`).sort(),
  )
  each(longest, () => backend.folding(longest).get())
  each(mean, () => backend.folding(mean).get())
  return lines.sort()
}

export function fillAll({ backend, at }: Opened, keys: readonly Key[]): void {
  keys.forEach((key, i) => {
    at(key)
    backend.value(number).set(i + 0.5)
    backend.value(object).set({ tags: [i], name: `n${i}` })
    for (let k = 0; k <= i % 3; k++) backend.list(list).add({ k, i })
    for (let k = 0; k <= i % 4; k++) backend.map(map).set(k % 2 === 0 ? k : String(k), { k, i })
    backend.folding(longest).add('w'.repeat(i))
    backend.folding(mean).add(i)
    backend.value(scratch).set(i)
  })
}
