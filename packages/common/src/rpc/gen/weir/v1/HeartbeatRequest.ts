// Original file: proto/weir/v1/control.proto

import type { Header as _weir_v1_Header, Header__Output as _weir_v1_Header__Output } from '../../weir/v1/Header.ts';
import type { TaskReport as _weir_v1_TaskReport, TaskReport__Output as _weir_v1_TaskReport__Output } from '../../weir/v1/TaskReport.ts';
import type { Long } from '@grpc/proto-loader';

export interface HeartbeatRequest {
  'header'?: (_weir_v1_Header | null);
  'workerId'?: (string);
  'coordinatorId'?: (string);
  'tasks'?: (_weir_v1_TaskReport)[];
  'rssBytes'?: (number | string | Long);
}

export interface HeartbeatRequest__Output {
  'header': (_weir_v1_Header__Output | null);
  'workerId': (string);
  'coordinatorId': (string);
  'tasks': (_weir_v1_TaskReport__Output)[];
  'rssBytes': (string);
}
