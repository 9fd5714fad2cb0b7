// Original file: proto/weir/v1/job.proto

import type { CheckpointState as _weir_v1_CheckpointState, CheckpointState__Output as _weir_v1_CheckpointState__Output } from '../../weir/v1/CheckpointState.ts';
import type { CheckpointKind as _weir_v1_CheckpointKind, CheckpointKind__Output as _weir_v1_CheckpointKind__Output } from '../../weir/v1/CheckpointKind.ts';
import type { Failure as _weir_v1_Failure, Failure__Output as _weir_v1_Failure__Output } from '../../weir/v1/Failure.ts';
import type { Long } from '@grpc/proto-loader';

export interface CheckpointView {
  'checkpointId'?: (number | string | Long);
  'state'?: (_weir_v1_CheckpointState);
  'kind'?: (_weir_v1_CheckpointKind);
  'triggeredAtMs'?: (number | string);
  'endedAtMs'?: (number | string);
  'stateBytes'?: (number | string | Long);
  'acknowledged'?: (number | string | Long);
  'total'?: (number | string | Long);
  'stallMsMax'?: (number | string);
  'path'?: (string);
  'failure'?: (_weir_v1_Failure | null);
  '_endedAtMs'?: "endedAtMs";
  '_path'?: "path";
}

export interface CheckpointView__Output {
  'checkpointId': (string);
  'state': (_weir_v1_CheckpointState__Output);
  'kind': (_weir_v1_CheckpointKind__Output);
  'triggeredAtMs': (number);
  'endedAtMs'?: (number);
  'stateBytes': (string);
  'acknowledged': (string);
  'total': (string);
  'stallMsMax': (number);
  'path'?: (string);
  'failure': (_weir_v1_Failure__Output | null);
  '_endedAtMs'?: "endedAtMs";
  '_path'?: "path";
}
