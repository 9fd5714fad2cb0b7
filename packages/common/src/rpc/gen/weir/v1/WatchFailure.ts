// Original file: proto/weir/v1/job.proto

import type { Failure as _weir_v1_Failure, Failure__Output as _weir_v1_Failure__Output } from '../../weir/v1/Failure.ts';

export interface WatchFailure {
  'failure'?: (_weir_v1_Failure | null);
  'willRestart'?: (boolean);
  'delayMs'?: (number | string);
}

export interface WatchFailure__Output {
  'failure': (_weir_v1_Failure__Output | null);
  'willRestart': (boolean);
  'delayMs': (number);
}
