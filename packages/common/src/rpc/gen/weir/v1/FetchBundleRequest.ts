// Original file: proto/weir/v1/control.proto

import type { Header as _weir_v1_Header, Header__Output as _weir_v1_Header__Output } from '../../weir/v1/Header.ts';

export interface FetchBundleRequest {
  'header'?: (_weir_v1_Header | null);
  'jobId'?: (string);
  'bundleHash'?: (string);
}

export interface FetchBundleRequest__Output {
  'header': (_weir_v1_Header__Output | null);
  'jobId': (string);
  'bundleHash': (string);
}
