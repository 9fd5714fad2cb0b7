// Original file: proto/weir/v1/control.proto

import type { Header as _weir_v1_Header, Header__Output as _weir_v1_Header__Output } from '../../weir/v1/Header.ts';
import type { Failure as _weir_v1_Failure, Failure__Output as _weir_v1_Failure__Output } from '../../weir/v1/Failure.ts';

export interface SlotsLostRequest {
  'header'?: (_weir_v1_Header | null);
  'workerId'?: (string);
  'slots'?: (number)[];
  'failure'?: (_weir_v1_Failure | null);
}

export interface SlotsLostRequest__Output {
  'header': (_weir_v1_Header__Output | null);
  'workerId': (string);
  'slots': (number)[];
  'failure': (_weir_v1_Failure__Output | null);
}
