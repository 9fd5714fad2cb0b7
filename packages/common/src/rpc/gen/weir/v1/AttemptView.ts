// Original file: proto/weir/v1/job.proto

import type { Failure as _weir_v1_Failure, Failure__Output as _weir_v1_Failure__Output } from '../../weir/v1/Failure.ts';
import type { Long } from '@grpc/proto-loader';

export interface AttemptView {
  'attempt'?: (number | string | Long);
  'epoch'?: (number | string | Long);
  'startedAtMs'?: (number | string);
  'restoredFrom'?: (number | string | Long);
  'endedAtMs'?: (number | string);
  'failure'?: (_weir_v1_Failure | null);
  '_restoredFrom'?: "restoredFrom";
  '_endedAtMs'?: "endedAtMs";
}

export interface AttemptView__Output {
  'attempt': (string);
  'epoch': (string);
  'startedAtMs': (number);
  'restoredFrom'?: (string);
  'endedAtMs'?: (number);
  'failure': (_weir_v1_Failure__Output | null);
  '_restoredFrom'?: "restoredFrom";
  '_endedAtMs'?: "endedAtMs";
}
