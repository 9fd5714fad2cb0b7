// Original file: proto/weir/v1/job.proto

import type { JobSummary as _weir_v1_JobSummary, JobSummary__Output as _weir_v1_JobSummary__Output } from '../../weir/v1/JobSummary.ts';
import type { Document as _weir_v1_Document, Document__Output as _weir_v1_Document__Output } from '../../weir/v1/Document.ts';
import type { TaskView as _weir_v1_TaskView, TaskView__Output as _weir_v1_TaskView__Output } from '../../weir/v1/TaskView.ts';
import type { AttemptView as _weir_v1_AttemptView, AttemptView__Output as _weir_v1_AttemptView__Output } from '../../weir/v1/AttemptView.ts';

export interface DescribeResponse {
  'summary'?: (_weir_v1_JobSummary | null);
  'plan'?: (_weir_v1_Document | null);
  'settings'?: (_weir_v1_Document | null);
  'tasks'?: (_weir_v1_TaskView)[];
  'attempts'?: (_weir_v1_AttemptView)[];
}

export interface DescribeResponse__Output {
  'summary': (_weir_v1_JobSummary__Output | null);
  'plan': (_weir_v1_Document__Output | null);
  'settings': (_weir_v1_Document__Output | null);
  'tasks': (_weir_v1_TaskView__Output)[];
  'attempts': (_weir_v1_AttemptView__Output)[];
}
