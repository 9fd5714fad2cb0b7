// Nanoseconds a record from `emit` on a hash edge to `process` behind it, in one thread, best of many rounds: through a
// local channel, and through frames (encode, hand over, decode). The parts are measured apart, to see what costs.
// Run: node -C source bench/src/micro/channel.ts

import { intCodec, textCodec } from '@weirjs/common/codec/primitives'
import { structCodec } from '@weirjs/common/codec/struct-codec'
import type { Codec, Key } from '@weirjs/common/core/codec'
import { keyGroupOf, subtaskOfKeyGroup } from '@weirjs/common/core/graph/key-groups'
import { edgeId, operatorUid } from '@weirjs/common/core/ids'
import { NO_TIMESTAMP } from '@weirjs/common/core/time-constants'
import { channelKey } from '@weirjs/taskmanager/exchange/exchange'
import { FrameInputChannel } from '@weirjs/taskmanager/exchange/input-channel'
import type { HeadInput, InputChannel } from '@weirjs/taskmanager/exchange/input-channel'
import {
  LocalChannel,
  LocalInputChannel,
  LocalOutputChannel,
} from '@weirjs/taskmanager/exchange/local-exchange'
import { FrameOutputChannel, OutputGauge } from '@weirjs/taskmanager/exchange/output-channel'
import type { OutputChannel } from '@weirjs/taskmanager/exchange/output-channel'
import { Operator } from '@weirjs/taskmanager/operators/operator'
import { KeyedEdgeOutput } from '@weirjs/taskmanager/task/task-output'

const RECORDS = 10_000
const ROUNDS = 400
const KEY_GROUPS = 128
const CHANNELS = 2
const FRAME_BYTES = 32 * 1_024

interface Word {
  readonly word: string
  readonly count: number
}

class Counter extends Operator {
  count = 0

  process(): void {
    this.count += 1
  }
}

class Keys {
  key: Key = ''
  keyHash = 0

  setKey(key: Key, keyHash: number): void {
    this.key = key
    this.keyHash = keyHash
  }
}

interface Pair {
  readonly output: OutputChannel
  readonly input: InputChannel
}

const gauge = new OutputGauge(() => {})
const counters = { records: 0, bytes: 0 }
const nothing = (): void => {}

function localPair(): Pair {
  const channel = new LocalChannel()
  return {
    output: new LocalOutputChannel({ channel, gauge, counters, onHint: nothing }),
    input: new LocalInputChannel(channel, nothing),
  }
}

function framePair(codec: Codec, at: number): Pair {
  const output = new FrameOutputChannel({
    key: channelKey(edgeId('e0'), 0, at),
    codec,
    frameBytesMax: FRAME_BYTES,
    gauge,
    counters,
  })
  const windowBytes = FRAME_BYTES * 64
  const credit = (bytes: number): void => output.grant(bytes)
  const input = new FrameInputChannel({
    codec,
    windowBytes,
    credit,
    hint: nothing,
    onReadable: nothing,
  })
  output.connect((_key, frame) => input.deliver(frame), windowBytes)
  return { output, input }
}

function measure(
  name: string,
  values: readonly unknown[],
  keyOf: (value: unknown) => Key,
  pairs: readonly Pair[],
): void {
  const channelOf = Uint16Array.from({ length: KEY_GROUPS }, (_, group) =>
    subtaskOfKeyGroup(group, KEY_GROUPS, CHANNELS),
  )
  const edge = new KeyedEdgeOutput(
    pairs.map(({ output }) => output),
    channelOf,
    keyOf,
  )
  const counter = new Counter()
  const node = { uid: operatorUid('counter'), name: 'counter' }
  const keyed = new Keys()
  const head: HeadInput = { operator: counter, node, second: false, keyed, keyOf, gauge }
  let best = Number.POSITIVE_INFINITY
  let sending = Number.POSITIVE_INFINITY
  for (let round = 0; round < ROUNDS; round++) {
    const startMs = performance.now()
    let sendMs = 0
    for (let from = 0; from < RECORDS; from += 500) {
      const beginMs = performance.now()
      for (let i = from; i < from + 500; i++) edge.emit(values[i], NO_TIMESTAMP)
      sendMs += performance.now() - beginMs
      drain(pairs, head)
    }
    for (const { output } of pairs) output.flush()
    drain(pairs, head)
    best = Math.min(best, performance.now() - startMs)
    sending = Math.min(sending, sendMs)
  }
  if (counter.count !== RECORDS * ROUNDS) throw new Error(`${counter.count} records arrived`)
  const ns = (ms: number): string => ((ms * 1e6) / RECORDS).toFixed(0).padStart(4)
  console.log(
    `${name.padEnd(16)} ${ns(best)} ns a record, ${ns(sending)} of them until it is in its channel`,
  )
}

function drain(pairs: readonly Pair[], head: HeadInput): void {
  for (const { input } of pairs) {
    while (input.readable) input.pump(head, 128)
  }
}

function measureHash(
  name: string,
  values: readonly unknown[],
  keyOf: (value: unknown) => Key,
): void {
  let best = Number.POSITIVE_INFINITY
  let sum = 0
  for (let round = 0; round < ROUNDS; round++) {
    const startMs = performance.now()
    for (let i = 0; i < RECORDS; i++) sum += keyGroupOf(keyOf(values[i]), KEY_GROUPS)
    best = Math.min(best, performance.now() - startMs)
  }
  console.log(
    `${name.padEnd(16)} ${((best * 1e6) / RECORDS).toFixed(0).padStart(4)} ns (${sum % 10})`,
  )
}

const text = Array.from({ length: RECORDS }, (_, i) =>
  ((i * 1_500_450_271) % 26 ** 7).toString(26).padStart(7, 'a'),
).join('')
const words = Array.from({ length: RECORDS }, (_, i) => text.substring(i * 7, i * 7 + 7))
const structs: Word[] = words.map((word) => ({ word, count: 1 }))
const wordCodec = structCodec<Word>('Word', { word: textCodec, count: intCodec }) as Codec
const range = [...Array(CHANNELS).keys()]
const ofText = (value: unknown): Key => value as string
const ofStruct = (value: unknown): Key => (value as Word).word

measureHash('hash only', words, ofText)
measure('text, local', words, ofText, range.map(localPair))
measure(
  'text, frames',
  words,
  ofText,
  range.map((at) => framePair(textCodec as Codec, at)),
)
measure('struct, local', structs, ofStruct, range.map(localPair))
measure(
  'struct, frames',
  structs,
  ofStruct,
  range.map((at) => framePair(wordCodec, at)),
)
