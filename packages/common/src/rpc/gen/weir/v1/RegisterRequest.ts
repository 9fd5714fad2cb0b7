// Original file: proto/weir/v1/control.proto

import type { Header as _weir_v1_Header, Header__Output as _weir_v1_Header__Output } from '../../weir/v1/Header.ts';

export interface RegisterRequest {
  'header'?: (_weir_v1_Header | null);
  'workerId'?: (string);
  'controlAddress'?: (string);
  'slots'?: (number);
  'pid'?: (number);
  'version'?: (string);
}

export interface RegisterRequest__Output {
  'header': (_weir_v1_Header__Output | null);
  'workerId': (string);
  'controlAddress': (string);
  'slots': (number);
  'pid': (number);
  'version': (string);
}
