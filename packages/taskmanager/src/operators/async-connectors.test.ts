// A connector written as if the engine waited for its promises: what it does behind them would be in no checkpoint.

import type { Sink, Source } from '@weirjs/api/connector'
import { intCodec } from '@weirjs/common/codec/primitives'
import type { Codec } from '@weirjs/common/core/codec'
import { ManualScheduler } from '@weirjs/common/core/manual-scheduler'
import { expect, test } from 'vitest'
import { Collected, HarnessContext } from './harness-context.ts'
import { dealLists } from './harness-snapshot.ts'
import { SinkOperator } from './sink.ts'
import { SourceReaderOperator } from './source.ts'

const context = (): HarnessContext =>
  new HarnessContext({
    collected: new Collected(),
    scheduler: new ManualScheduler(),
    keyed: null,
    restored: dealLists([], 0, 1),
  })
const codec = intCodec as unknown as Codec
const refused = (hint: RegExp): unknown =>
  expect.objectContaining({
    code: 'job/async-function',
    domain: 'user',
    hint: expect.stringMatching(hint),
  })
const later = async (): Promise<never> => {
  throw new Error('nobody hears this')
}

test('a sink that writes behind a promise is refused at its first record', async () => {
  const sink: Sink = {
    description: 'later',
    guarantee: 'at-least-once',
    record: null,
    committableCodec: null,
    stateCodec: null,
    createWriter: () => ({
      write: later as never,
      ready: true,
      finish: () => {},
      snapshot: () => ({ committables: Promise.resolve([]), state: [] }),
      close: async () => {},
    }),
    createCommitter: () => null,
  }
  const operator = new SinkOperator({ kind: 'sink', sink }, context())
  await operator.open()
  expect(() => operator.process(1, 0)).toThrow(refused(/^A writer only takes the record/))
  await operator.close()
})

test('a reader that polls behind a promise is refused at its first poll', async () => {
  const source = {
    description: 'later',
    bounded: true,
    record: codec,
    splitCodec: codec,
    enumeratorStateCodec: codec,
    createEnumerator: () => expect.unreachable('a reader has no enumerator'),
    createReader: () => ({
      addSplits: () => {},
      poll: later,
      idle: false,
      snapshot: () => [],
      close: async () => {},
    }),
  } as unknown as Source
  const operator = new SourceReaderOperator(
    { kind: 'source-reader', source, watermarks: null },
    context(),
  )
  operator.open()
  expect(() => operator.poll()).toThrow(refused(/^A reader only gives what it has/))
  await operator.close()
})
