// Original file: proto/weir/v1/job.proto

import type { JobSummary as _weir_v1_JobSummary, JobSummary__Output as _weir_v1_JobSummary__Output } from '../../weir/v1/JobSummary.ts';
import type { CheckpointView as _weir_v1_CheckpointView, CheckpointView__Output as _weir_v1_CheckpointView__Output } from '../../weir/v1/CheckpointView.ts';
import type { WatchFailure as _weir_v1_WatchFailure, WatchFailure__Output as _weir_v1_WatchFailure__Output } from '../../weir/v1/WatchFailure.ts';
import type { WatchRestored as _weir_v1_WatchRestored, WatchRestored__Output as _weir_v1_WatchRestored__Output } from '../../weir/v1/WatchRestored.ts';
import type { WatchProgress as _weir_v1_WatchProgress, WatchProgress__Output as _weir_v1_WatchProgress__Output } from '../../weir/v1/WatchProgress.ts';
import type { WatchOutput as _weir_v1_WatchOutput, WatchOutput__Output as _weir_v1_WatchOutput__Output } from '../../weir/v1/WatchOutput.ts';
import type { WatchLostOutput as _weir_v1_WatchLostOutput, WatchLostOutput__Output as _weir_v1_WatchLostOutput__Output } from '../../weir/v1/WatchLostOutput.ts';
import type { WatchOutputLog as _weir_v1_WatchOutputLog, WatchOutputLog__Output as _weir_v1_WatchOutputLog__Output } from '../../weir/v1/WatchOutputLog.ts';

export interface WatchResponse {
  'state'?: (_weir_v1_JobSummary | null);
  'checkpoint'?: (_weir_v1_CheckpointView | null);
  'failure'?: (_weir_v1_WatchFailure | null);
  'restored'?: (_weir_v1_WatchRestored | null);
  'progress'?: (_weir_v1_WatchProgress | null);
  'output'?: (_weir_v1_WatchOutput | null);
  'lostOutput'?: (_weir_v1_WatchLostOutput | null);
  'outputLog'?: (_weir_v1_WatchOutputLog | null);
  'event'?: "state"|"checkpoint"|"failure"|"restored"|"progress"|"output"|"lostOutput"|"outputLog";
}

export interface WatchResponse__Output {
  'state'?: (_weir_v1_JobSummary__Output | null);
  'checkpoint'?: (_weir_v1_CheckpointView__Output | null);
  'failure'?: (_weir_v1_WatchFailure__Output | null);
  'restored'?: (_weir_v1_WatchRestored__Output | null);
  'progress'?: (_weir_v1_WatchProgress__Output | null);
  'output'?: (_weir_v1_WatchOutput__Output | null);
  'lostOutput'?: (_weir_v1_WatchLostOutput__Output | null);
  'outputLog'?: (_weir_v1_WatchOutputLog__Output | null);
  'event'?: "state"|"checkpoint"|"failure"|"restored"|"progress"|"output"|"lostOutput"|"outputLog";
}
