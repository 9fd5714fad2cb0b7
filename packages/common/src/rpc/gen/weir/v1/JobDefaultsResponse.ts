// Original file: proto/weir/v1/job.proto

import type { JobDefault as _weir_v1_JobDefault, JobDefault__Output as _weir_v1_JobDefault__Output } from '../../weir/v1/JobDefault.ts';

export interface JobDefaultsResponse {
  'defaults'?: (_weir_v1_JobDefault)[];
}

export interface JobDefaultsResponse__Output {
  'defaults': (_weir_v1_JobDefault__Output)[];
}
