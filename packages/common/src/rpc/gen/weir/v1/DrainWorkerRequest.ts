// Original file: proto/weir/v1/job.proto

import type { Header as _weir_v1_Header, Header__Output as _weir_v1_Header__Output } from '../../weir/v1/Header.ts';

export interface DrainWorkerRequest {
  'header'?: (_weir_v1_Header | null);
  'worker'?: (string);
  'draining'?: (boolean);
}

export interface DrainWorkerRequest__Output {
  'header': (_weir_v1_Header__Output | null);
  'worker': (string);
  'draining': (boolean);
}
