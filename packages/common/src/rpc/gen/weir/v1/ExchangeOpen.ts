// Original file: proto/weir/v1/exchange.proto

import type { Fence as _weir_v1_Fence, Fence__Output as _weir_v1_Fence__Output } from '../../weir/v1/Fence.ts';

export interface ExchangeOpen {
  'fence'?: (_weir_v1_Fence | null);
  'consumerWorker'?: (string);
  'consumerSlot'?: (number);
  'channels'?: (string)[];
}

export interface ExchangeOpen__Output {
  'fence': (_weir_v1_Fence__Output | null);
  'consumerWorker': (string);
  'consumerSlot': (number);
  'channels': (string)[];
}
