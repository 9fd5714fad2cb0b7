// Original file: proto/weir/v1/control.proto

import type { HeartbeatVerdict as _weir_v1_HeartbeatVerdict, HeartbeatVerdict__Output as _weir_v1_HeartbeatVerdict__Output } from '../../weir/v1/HeartbeatVerdict.ts';

export interface HeartbeatResponse {
  'verdict'?: (_weir_v1_HeartbeatVerdict);
}

export interface HeartbeatResponse__Output {
  'verdict': (_weir_v1_HeartbeatVerdict__Output);
}
