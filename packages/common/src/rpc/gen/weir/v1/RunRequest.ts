// Original file: proto/weir/v1/control.proto

import type { Header as _weir_v1_Header, Header__Output as _weir_v1_Header__Output } from '../../weir/v1/Header.ts';
import type { TaskId as _weir_v1_TaskId, TaskId__Output as _weir_v1_TaskId__Output } from '../../weir/v1/TaskId.ts';

export interface RunRequest {
  'header'?: (_weir_v1_Header | null);
  'tasks'?: (_weir_v1_TaskId)[];
}

export interface RunRequest__Output {
  'header': (_weir_v1_Header__Output | null);
  'tasks': (_weir_v1_TaskId__Output)[];
}
