// Original file: proto/weir/v1/exchange.proto


export interface ExchangeFrame {
  'channel'?: (number);
  'frame'?: (Buffer | Uint8Array | string);
}

export interface ExchangeFrame__Output {
  'channel': (number);
  'frame': (Buffer);
}
