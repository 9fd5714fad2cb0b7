// What a job's author imports from 'weirjs': the SDK and the connectors that need no further package. Files are in
// 'weirjs/files', test tools in 'weirjs/testing', what a connector of one's own implements in 'weirjs/connector'. Types
// that nobody writes by hand are here too where inference needs their names.

export { job, type JobDefinition, type JobOptions } from '@weirjs/api/define-job'
export type { CheckpointOptions, RestartOptions } from '@weirjs/api/settings'
export type { Environment, SourceOptions, SourceSides } from '@weirjs/api/environment'
export type { Secret } from '@weirjs/api/secret'
export type { DataStream } from '@weirjs/api/data-stream'
export type { KeyedStream } from '@weirjs/api/keyed-stream'
export type {
  BroadcastConnection,
  BroadcastStream,
  ConnectedStreams,
} from '@weirjs/api/connected-streams'
export type { Counted } from '@weirjs/api/count'
export type { SinkOptions, StatefulOptions, StepOptions } from '@weirjs/api/stream-kit'
export {
  bigint,
  bool,
  bytes,
  duration,
  dynamic,
  flag,
  float,
  int,
  json,
  list,
  map,
  nullable,
  oneOf,
  optional,
  type OptionalType,
  path,
  text,
  timestamp,
} from '@weirjs/api/types'
export type { DeclaredType, InferType } from '@weirjs/api/declared-type'
export { struct, type StructType } from '@weirjs/api/struct'
export {
  type Aggregate,
  aggregating,
  type BroadcastDescriptor,
  listState,
  mapState,
  operatorList,
  type OperatorListDescriptor,
  reducing,
  type StateDescriptor,
  unionList,
  value,
} from '@weirjs/api/state'
export {
  keyedProcess,
  process,
  type KeyedContext,
  type KeyedProcess,
  type PlainContext,
  type Process,
  type SideValues,
} from '@weirjs/api/process-definitions'
export type {
  FoldingState,
  InitialValueState,
  ListState,
  MapState,
  ProcessContext,
  ProcessTimers,
  ReadonlyMapState,
  ValueState,
} from '@weirjs/api/process-context'
export { monotonous, outOfOrder, type Watermarks } from '@weirjs/api/watermarks'
export { days, type Duration, hours, minutes, seconds } from '@weirjs/api/durations'
export type { DeadLetter, Sink, Source } from '@weirjs/api/connector'
export {
  MIN_WATERMARK,
  NO_TIMESTAMP,
  WeirError,
  type WeirErrorOptions,
} from '@weirjs/api/vocabulary'
export { fromItems, type ItemSplit } from '@weirjs/connectors/memory/from-items'
export { generator, type GeneratorOptions } from '@weirjs/connectors/generator/generator'
export type { GeneratorSplit } from '@weirjs/connectors/generator/generator-reader'
export { discard, print, type PrintOptions } from '@weirjs/connectors/print/print'
export {
  socketLines,
  type SocketOptions,
  type SocketSplit,
} from '@weirjs/connectors/socket/socket-lines'
export type { StaticState } from '@weirjs/connectors/static-enumerator'
