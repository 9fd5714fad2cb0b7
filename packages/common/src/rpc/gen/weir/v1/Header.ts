// Original file: proto/weir/v1/types.proto

import type { Fence as _weir_v1_Fence, Fence__Output as _weir_v1_Fence__Output } from '../../weir/v1/Fence.ts';
import type { Long } from '@grpc/proto-loader';

export interface Header {
  'sender'?: (string);
  'sequence'?: (number | string | Long);
  'fence'?: (_weir_v1_Fence | null);
}

export interface Header__Output {
  'sender': (string);
  'sequence': (string);
  'fence': (_weir_v1_Fence__Output | null);
}
