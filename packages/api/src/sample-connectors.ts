// The smallest source and sink that a graph can be built with, for tests of the SDK. They are never run.

import { dynamicCodec } from '@weirjs/common/codec/dynamic-codec'
import type { Codec } from '@weirjs/common/core/codec'
import type { Sink, Source } from './connector.ts'

/** A source of records of `record`'s type. */
export function sampleSource<T>(record: Codec<T>, more: Partial<Source<T>> = {}): Source<T> {
  return {
    description: 'sample source',
    bounded: true,
    record,
    splitCodec: dynamicCodec,
    enumeratorStateCodec: dynamicCodec,
    createEnumerator: neverRun,
    createReader: neverRun,
    ...more,
  }
}

/** A sink for records of `record`'s type; for anything without one. */
export function sampleSink<T = unknown>(record: Codec<T> | null = null): Sink<T> {
  return {
    description: 'sample sink',
    guarantee: 'at-least-once',
    record,
    committableCodec: null,
    stateCodec: null,
    createWriter: neverRun,
    createCommitter: () => null,
  }
}

function neverRun(): never {
  throw new Error('sample connectors are not run')
}
