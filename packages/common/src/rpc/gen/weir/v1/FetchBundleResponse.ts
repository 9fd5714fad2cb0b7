// Original file: proto/weir/v1/control.proto


export interface FetchBundleResponse {
  'chunk'?: (Buffer | Uint8Array | string);
}

export interface FetchBundleResponse__Output {
  'chunk': (Buffer);
}
