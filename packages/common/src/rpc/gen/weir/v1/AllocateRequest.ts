// Original file: proto/weir/v1/control.proto

import type { Header as _weir_v1_Header, Header__Output as _weir_v1_Header__Output } from '../../weir/v1/Header.ts';
import type { Document as _weir_v1_Document, Document__Output as _weir_v1_Document__Output } from '../../weir/v1/Document.ts';

export interface AllocateRequest {
  'header'?: (_weir_v1_Header | null);
  'jobName'?: (string);
  'bundleHash'?: (string);
  'args'?: (_weir_v1_Document | null);
  'submittedAtMs'?: (number | string);
  'config'?: ({[key: string]: string});
  'credential'?: (string);
  'slots'?: (number)[];
}

export interface AllocateRequest__Output {
  'header': (_weir_v1_Header__Output | null);
  'jobName': (string);
  'bundleHash': (string);
  'args': (_weir_v1_Document__Output | null);
  'submittedAtMs': (number);
  'config': ({[key: string]: string});
  'credential': (string);
  'slots': (number)[];
}
