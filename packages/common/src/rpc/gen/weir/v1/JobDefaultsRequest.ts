// Original file: proto/weir/v1/job.proto

import type { Header as _weir_v1_Header, Header__Output as _weir_v1_Header__Output } from '../../weir/v1/Header.ts';

export interface JobDefaultsRequest {
  'header'?: (_weir_v1_Header | null);
}

export interface JobDefaultsRequest__Output {
  'header': (_weir_v1_Header__Output | null);
}
