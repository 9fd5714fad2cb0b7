// Original file: proto/weir/v1/types.proto


export interface Document {
  'version'?: (number);
  'json'?: (Buffer | Uint8Array | string);
}

export interface Document__Output {
  'version': (number);
  'json': (Buffer);
}
