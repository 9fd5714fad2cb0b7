// Original file: proto/weir/v1/control.proto

import type { Header as _weir_v1_Header, Header__Output as _weir_v1_Header__Output } from '../../weir/v1/Header.ts';
import type { TaskId as _weir_v1_TaskId, TaskId__Output as _weir_v1_TaskId__Output } from '../../weir/v1/TaskId.ts';
import type { Long } from '@grpc/proto-loader';

export interface TriggerRequest {
  'header'?: (_weir_v1_Header | null);
  'checkpointId'?: (number | string | Long);
  'timestampMs'?: (number | string);
  'tasks'?: (_weir_v1_TaskId)[];
  'final'?: (boolean);
}

export interface TriggerRequest__Output {
  'header': (_weir_v1_Header__Output | null);
  'checkpointId': (string);
  'timestampMs': (number);
  'tasks': (_weir_v1_TaskId__Output)[];
  'final': (boolean);
}
