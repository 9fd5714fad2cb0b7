// Original file: proto/weir/v1/job.proto

import type { WorkerView as _weir_v1_WorkerView, WorkerView__Output as _weir_v1_WorkerView__Output } from '../../weir/v1/WorkerView.ts';

export interface DrainWorkerResponse {
  'worker'?: (_weir_v1_WorkerView | null);
}

export interface DrainWorkerResponse__Output {
  'worker': (_weir_v1_WorkerView__Output | null);
}
