// Original file: proto/weir/v1/control.proto

import type { Header as _weir_v1_Header, Header__Output as _weir_v1_Header__Output } from '../../weir/v1/Header.ts';
import type { OutputLine as _weir_v1_OutputLine, OutputLine__Output as _weir_v1_OutputLine__Output } from '../../weir/v1/OutputLine.ts';

export interface OutputRequest {
  'header'?: (_weir_v1_Header | null);
  'lines'?: (_weir_v1_OutputLine)[];
}

export interface OutputRequest__Output {
  'header': (_weir_v1_Header__Output | null);
  'lines': (_weir_v1_OutputLine__Output)[];
}
