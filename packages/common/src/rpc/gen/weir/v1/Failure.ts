// Original file: proto/weir/v1/types.proto

import type { ErrorDomain as _weir_v1_ErrorDomain, ErrorDomain__Output as _weir_v1_ErrorDomain__Output } from '../../weir/v1/ErrorDomain.ts';
import type { RetryHint as _weir_v1_RetryHint, RetryHint__Output as _weir_v1_RetryHint__Output } from '../../weir/v1/RetryHint.ts';

export interface Failure {
  'code'?: (string);
  'message'?: (string);
  'domain'?: (_weir_v1_ErrorDomain);
  'retry'?: (_weir_v1_RetryHint);
  'hint'?: (string);
  'location'?: (string);
  'stack'?: (string);
  'lastOutput'?: (string)[];
  'peer'?: (string);
  '_hint'?: "hint";
  '_location'?: "location";
  '_stack'?: "stack";
  '_peer'?: "peer";
}

export interface Failure__Output {
  'code': (string);
  'message': (string);
  'domain': (_weir_v1_ErrorDomain__Output);
  'retry': (_weir_v1_RetryHint__Output);
  'hint'?: (string);
  'location'?: (string);
  'stack'?: (string);
  'lastOutput': (string)[];
  'peer'?: (string);
  '_hint'?: "hint";
  '_location'?: "location";
  '_stack'?: "stack";
  '_peer'?: "peer";
}
