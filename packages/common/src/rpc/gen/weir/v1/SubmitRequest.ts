// Original file: proto/weir/v1/job.proto

import type { Header as _weir_v1_Header, Header__Output as _weir_v1_Header__Output } from '../../weir/v1/Header.ts';
import type { SubmitHead as _weir_v1_SubmitHead, SubmitHead__Output as _weir_v1_SubmitHead__Output } from '../../weir/v1/SubmitHead.ts';

export interface SubmitRequest {
  'header'?: (_weir_v1_Header | null);
  'head'?: (_weir_v1_SubmitHead | null);
  'chunk'?: (Buffer | Uint8Array | string);
  'part'?: "head"|"chunk";
}

export interface SubmitRequest__Output {
  'header': (_weir_v1_Header__Output | null);
  'head'?: (_weir_v1_SubmitHead__Output | null);
  'chunk'?: (Buffer);
  'part'?: "head"|"chunk";
}
