// Original file: proto/weir/v1/job.proto

import type { JobState as _weir_v1_JobState, JobState__Output as _weir_v1_JobState__Output } from '../../weir/v1/JobState.ts';
import type { JobHealth as _weir_v1_JobHealth, JobHealth__Output as _weir_v1_JobHealth__Output } from '../../weir/v1/JobHealth.ts';
import type { Failure as _weir_v1_Failure, Failure__Output as _weir_v1_Failure__Output } from '../../weir/v1/Failure.ts';
import type { Long } from '@grpc/proto-loader';

export interface JobSummary {
  'jobId'?: (string);
  'name'?: (string);
  'state'?: (_weir_v1_JobState);
  'health'?: (_weir_v1_JobHealth);
  'submittedAtMs'?: (number | string);
  'endedAtMs'?: (number | string);
  'attempt'?: (number | string | Long);
  'restarts'?: (number | string | Long);
  'tasksTotal'?: (number | string | Long);
  'tasksRunning'?: (number | string | Long);
  'lastCheckpointId'?: (number | string | Long);
  'failure'?: (_weir_v1_Failure | null);
  '_endedAtMs'?: "endedAtMs";
  '_lastCheckpointId'?: "lastCheckpointId";
}

export interface JobSummary__Output {
  'jobId': (string);
  'name': (string);
  'state': (_weir_v1_JobState__Output);
  'health': (_weir_v1_JobHealth__Output);
  'submittedAtMs': (number);
  'endedAtMs'?: (number);
  'attempt': (string);
  'restarts': (string);
  'tasksTotal': (string);
  'tasksRunning': (string);
  'lastCheckpointId'?: (string);
  'failure': (_weir_v1_Failure__Output | null);
  '_endedAtMs'?: "endedAtMs";
  '_lastCheckpointId'?: "lastCheckpointId";
}
