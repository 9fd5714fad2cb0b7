// Original file: proto/weir/v1/control.proto

import type { Header as _weir_v1_Header, Header__Output as _weir_v1_Header__Output } from '../../weir/v1/Header.ts';

export interface ReleaseRequest {
  'header'?: (_weir_v1_Header | null);
}

export interface ReleaseRequest__Output {
  'header': (_weir_v1_Header__Output | null);
}
