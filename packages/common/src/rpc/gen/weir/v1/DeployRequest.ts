// Original file: proto/weir/v1/control.proto

import type { Header as _weir_v1_Header, Header__Output as _weir_v1_Header__Output } from '../../weir/v1/Header.ts';
import type { Document as _weir_v1_Document, Document__Output as _weir_v1_Document__Output } from '../../weir/v1/Document.ts';
import type { TaskPlacement as _weir_v1_TaskPlacement, TaskPlacement__Output as _weir_v1_TaskPlacement__Output } from '../../weir/v1/TaskPlacement.ts';
import type { TaskDeployment as _weir_v1_TaskDeployment, TaskDeployment__Output as _weir_v1_TaskDeployment__Output } from '../../weir/v1/TaskDeployment.ts';

export interface DeployRequest {
  'header'?: (_weir_v1_Header | null);
  'plan'?: (_weir_v1_Document | null);
  'placements'?: (_weir_v1_TaskPlacement)[];
  'tasks'?: (_weir_v1_TaskDeployment)[];
}

export interface DeployRequest__Output {
  'header': (_weir_v1_Header__Output | null);
  'plan': (_weir_v1_Document__Output | null);
  'placements': (_weir_v1_TaskPlacement__Output)[];
  'tasks': (_weir_v1_TaskDeployment__Output)[];
}
