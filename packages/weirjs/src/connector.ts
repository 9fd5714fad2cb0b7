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
export { type Codec, type Key, NO_TIMESTAMP } from '@weirjs/api/vocabulary'
