// What a source or a sink of one's own implements, and what it is given.

export {
  type Assignment,
  DEAD_LETTERS,
  type DeadLetter,
  type DeliveryGuarantee,
  type EnumeratorContext,
  type ReaderContext,
  type Sink,
  type SinkCommitter,
  type SinkContext,
  type SinkSnapshot,
  type SinkWriter,
  type Source,
  type SourceOutput,
  type SourceReader,
  type SplitEnumerator,
} from '@weirjs/api/connector'
export { NO_TIMESTAMP } from '@weirjs/common/core/time-constants'
export type { Codec, Key } from '@weirjs/common/core/codec'
