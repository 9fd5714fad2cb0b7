// Original file: proto/weir/v1/control.proto

import type { Header as _weir_v1_Header, Header__Output as _weir_v1_Header__Output } from '../../weir/v1/Header.ts';
import type { Long } from '@grpc/proto-loader';

export interface NotifyAbortedRequest {
  'header'?: (_weir_v1_Header | null);
  'checkpointId'?: (number | string | Long);
  'final'?: (boolean);
}

export interface NotifyAbortedRequest__Output {
  'header': (_weir_v1_Header__Output | null);
  'checkpointId': (string);
  'final': (boolean);
}
