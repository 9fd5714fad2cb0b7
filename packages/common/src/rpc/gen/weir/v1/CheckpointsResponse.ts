// Original file: proto/weir/v1/job.proto

import type { CheckpointView as _weir_v1_CheckpointView, CheckpointView__Output as _weir_v1_CheckpointView__Output } from '../../weir/v1/CheckpointView.ts';

export interface CheckpointsResponse {
  'checkpoints'?: (_weir_v1_CheckpointView)[];
}

export interface CheckpointsResponse__Output {
  'checkpoints': (_weir_v1_CheckpointView__Output)[];
}
