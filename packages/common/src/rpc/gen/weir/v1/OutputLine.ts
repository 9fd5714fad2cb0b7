// Original file: proto/weir/v1/control.proto

import type { Fence as _weir_v1_Fence, Fence__Output as _weir_v1_Fence__Output } from '../../weir/v1/Fence.ts';
import type { TaskId as _weir_v1_TaskId, TaskId__Output as _weir_v1_TaskId__Output } from '../../weir/v1/TaskId.ts';
import type { OutputStream as _weir_v1_OutputStream, OutputStream__Output as _weir_v1_OutputStream__Output } from '../../weir/v1/OutputStream.ts';

export interface OutputLine {
  'fence'?: (_weir_v1_Fence | null);
  'task'?: (_weir_v1_TaskId | null);
  'stream'?: (_weir_v1_OutputStream);
  'text'?: (string);
}

export interface OutputLine__Output {
  'fence': (_weir_v1_Fence__Output | null);
  'task': (_weir_v1_TaskId__Output | null);
  'stream': (_weir_v1_OutputStream__Output);
  'text': (string);
}
