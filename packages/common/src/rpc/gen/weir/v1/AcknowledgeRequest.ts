// Original file: proto/weir/v1/control.proto

import type { Header as _weir_v1_Header, Header__Output as _weir_v1_Header__Output } from '../../weir/v1/Header.ts';
import type { TaskId as _weir_v1_TaskId, TaskId__Output as _weir_v1_TaskId__Output } from '../../weir/v1/TaskId.ts';
import type { Document as _weir_v1_Document, Document__Output as _weir_v1_Document__Output } from '../../weir/v1/Document.ts';
import type { CheckpointStats as _weir_v1_CheckpointStats, CheckpointStats__Output as _weir_v1_CheckpointStats__Output } from '../../weir/v1/CheckpointStats.ts';
import type { Long } from '@grpc/proto-loader';

export interface AcknowledgeRequest {
  'header'?: (_weir_v1_Header | null);
  'task'?: (_weir_v1_TaskId | null);
  'checkpointId'?: (number | string | Long);
  'snapshot'?: (_weir_v1_Document | null);
  'stats'?: (_weir_v1_CheckpointStats | null);
}

export interface AcknowledgeRequest__Output {
  'header': (_weir_v1_Header__Output | null);
  'task': (_weir_v1_TaskId__Output | null);
  'checkpointId': (string);
  'snapshot': (_weir_v1_Document__Output | null);
  'stats': (_weir_v1_CheckpointStats__Output | null);
}
