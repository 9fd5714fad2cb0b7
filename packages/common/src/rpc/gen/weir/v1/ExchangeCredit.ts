// Original file: proto/weir/v1/exchange.proto

import type { Long } from '@grpc/proto-loader';

export interface ExchangeCredit {
  'channel'?: (number);
  'bytes'?: (number | string | Long);
}

export interface ExchangeCredit__Output {
  'channel': (number);
  'bytes': (string);
}
