// Original file: proto/weir/v1/job.proto

import type { OutputStream as _weir_v1_OutputStream, OutputStream__Output as _weir_v1_OutputStream__Output } from '../../weir/v1/OutputStream.ts';

export interface WatchOutput {
  'stream'?: (_weir_v1_OutputStream);
  'text'?: (string);
}

export interface WatchOutput__Output {
  'stream': (_weir_v1_OutputStream__Output);
  'text': (string);
}
