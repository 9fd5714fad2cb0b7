// Original file: proto/weir/v1/types.proto

export const OutputStream = {
  OUTPUT_STREAM_UNSPECIFIED: 'OUTPUT_STREAM_UNSPECIFIED',
  OUTPUT_STREAM_PRINT: 'OUTPUT_STREAM_PRINT',
  OUTPUT_STREAM_STDOUT: 'OUTPUT_STREAM_STDOUT',
  OUTPUT_STREAM_STDERR: 'OUTPUT_STREAM_STDERR',
} as const;

export type OutputStream =
  | 'OUTPUT_STREAM_UNSPECIFIED'
  | 0
  | 'OUTPUT_STREAM_PRINT'
  | 1
  | 'OUTPUT_STREAM_STDOUT'
  | 2
  | 'OUTPUT_STREAM_STDERR'
  | 3

export type OutputStream__Output = typeof OutputStream[keyof typeof OutputStream]
