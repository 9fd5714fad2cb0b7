// Original file: proto/weir/v1/job.proto

import type { CheckpointView as _weir_v1_CheckpointView, CheckpointView__Output as _weir_v1_CheckpointView__Output } from '../../weir/v1/CheckpointView.ts';

export interface TriggerCheckpointResponse {
  'checkpoint'?: (_weir_v1_CheckpointView | null);
}

export interface TriggerCheckpointResponse__Output {
  'checkpoint': (_weir_v1_CheckpointView__Output | null);
}
