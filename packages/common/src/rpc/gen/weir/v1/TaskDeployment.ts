// Original file: proto/weir/v1/plan.proto

import type { TaskId as _weir_v1_TaskId, TaskId__Output as _weir_v1_TaskId__Output } from '../../weir/v1/TaskId.ts';
import type { Document as _weir_v1_Document, Document__Output as _weir_v1_Document__Output } from '../../weir/v1/Document.ts';

export interface TaskDeployment {
  'task'?: (_weir_v1_TaskId | null);
  'slot'?: (number);
  'restore'?: (_weir_v1_Document | null);
}

export interface TaskDeployment__Output {
  'task': (_weir_v1_TaskId__Output | null);
  'slot': (number);
  'restore': (_weir_v1_Document__Output | null);
}
