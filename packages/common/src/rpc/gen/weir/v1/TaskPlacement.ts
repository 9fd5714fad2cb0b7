// Original file: proto/weir/v1/plan.proto

import type { TaskId as _weir_v1_TaskId, TaskId__Output as _weir_v1_TaskId__Output } from '../../weir/v1/TaskId.ts';
import type { SlotEndpoint as _weir_v1_SlotEndpoint, SlotEndpoint__Output as _weir_v1_SlotEndpoint__Output } from '../../weir/v1/SlotEndpoint.ts';

export interface TaskPlacement {
  'task'?: (_weir_v1_TaskId | null);
  'endpoint'?: (_weir_v1_SlotEndpoint | null);
}

export interface TaskPlacement__Output {
  'task': (_weir_v1_TaskId__Output | null);
  'endpoint': (_weir_v1_SlotEndpoint__Output | null);
}
