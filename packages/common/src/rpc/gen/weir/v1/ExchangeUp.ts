// Original file: proto/weir/v1/exchange.proto

import type { ExchangeOpen as _weir_v1_ExchangeOpen, ExchangeOpen__Output as _weir_v1_ExchangeOpen__Output } from '../../weir/v1/ExchangeOpen.ts';
import type { ExchangeCredit as _weir_v1_ExchangeCredit, ExchangeCredit__Output as _weir_v1_ExchangeCredit__Output } from '../../weir/v1/ExchangeCredit.ts';

export interface ExchangeUp {
  'open'?: (_weir_v1_ExchangeOpen | null);
  'channels'?: (string)[];
  'credits'?: (_weir_v1_ExchangeCredit)[];
  'hints'?: (number)[];
  'closing'?: (boolean);
  'sequence'?: (number);
}

export interface ExchangeUp__Output {
  'open': (_weir_v1_ExchangeOpen__Output | null);
  'channels': (string)[];
  'credits': (_weir_v1_ExchangeCredit__Output)[];
  'hints': (number)[];
  'closing': (boolean);
  'sequence': (number);
}
