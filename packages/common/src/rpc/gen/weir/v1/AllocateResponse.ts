// Original file: proto/weir/v1/control.proto

import type { SlotEndpoint as _weir_v1_SlotEndpoint, SlotEndpoint__Output as _weir_v1_SlotEndpoint__Output } from '../../weir/v1/SlotEndpoint.ts';

export interface AllocateResponse {
  'endpoints'?: (_weir_v1_SlotEndpoint)[];
}

export interface AllocateResponse__Output {
  'endpoints': (_weir_v1_SlotEndpoint__Output)[];
}
