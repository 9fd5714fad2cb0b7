// Original file: proto/weir/v1/control.proto

import type { Header as _weir_v1_Header, Header__Output as _weir_v1_Header__Output } from '../../weir/v1/Header.ts';
import type { TaskId as _weir_v1_TaskId, TaskId__Output as _weir_v1_TaskId__Output } from '../../weir/v1/TaskId.ts';
import type { Failure as _weir_v1_Failure, Failure__Output as _weir_v1_Failure__Output } from '../../weir/v1/Failure.ts';
import type { Long } from '@grpc/proto-loader';

export interface DeclineRequest {
  'header'?: (_weir_v1_Header | null);
  'task'?: (_weir_v1_TaskId | null);
  'checkpointId'?: (number | string | Long);
  'failure'?: (_weir_v1_Failure | null);
}

export interface DeclineRequest__Output {
  'header': (_weir_v1_Header__Output | null);
  'task': (_weir_v1_TaskId__Output | null);
  'checkpointId': (string);
  'failure': (_weir_v1_Failure__Output | null);
}
