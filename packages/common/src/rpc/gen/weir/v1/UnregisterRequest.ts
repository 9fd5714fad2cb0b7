// Original file: proto/weir/v1/control.proto

import type { Header as _weir_v1_Header, Header__Output as _weir_v1_Header__Output } from '../../weir/v1/Header.ts';

export interface UnregisterRequest {
  'header'?: (_weir_v1_Header | null);
  'workerId'?: (string);
  'reason'?: (string);
}

export interface UnregisterRequest__Output {
  'header': (_weir_v1_Header__Output | null);
  'workerId': (string);
  'reason': (string);
}
