// Original file: proto/weir/v1/exchange.proto

import type { ExchangeFrame as _weir_v1_ExchangeFrame, ExchangeFrame__Output as _weir_v1_ExchangeFrame__Output } from '../../weir/v1/ExchangeFrame.ts';

export interface ExchangeDown {
  'frames'?: (_weir_v1_ExchangeFrame)[];
  'sequence'?: (number);
}

export interface ExchangeDown__Output {
  'frames': (_weir_v1_ExchangeFrame__Output)[];
  'sequence': (number);
}
