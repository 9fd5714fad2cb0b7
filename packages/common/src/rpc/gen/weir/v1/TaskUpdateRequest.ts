// Original file: proto/weir/v1/control.proto

import type { Header as _weir_v1_Header, Header__Output as _weir_v1_Header__Output } from '../../weir/v1/Header.ts';
import type { TaskId as _weir_v1_TaskId, TaskId__Output as _weir_v1_TaskId__Output } from '../../weir/v1/TaskId.ts';
import type { TaskState as _weir_v1_TaskState, TaskState__Output as _weir_v1_TaskState__Output } from '../../weir/v1/TaskState.ts';
import type { Failure as _weir_v1_Failure, Failure__Output as _weir_v1_Failure__Output } from '../../weir/v1/Failure.ts';

export interface TaskUpdateRequest {
  'header'?: (_weir_v1_Header | null);
  'task'?: (_weir_v1_TaskId | null);
  'state'?: (_weir_v1_TaskState);
  'failure'?: (_weir_v1_Failure | null);
}

export interface TaskUpdateRequest__Output {
  'header': (_weir_v1_Header__Output | null);
  'task': (_weir_v1_TaskId__Output | null);
  'state': (_weir_v1_TaskState__Output);
  'failure': (_weir_v1_Failure__Output | null);
}
