// Original file: proto/weir/v1/control.proto


export interface UnregisterResponse {
}

export interface UnregisterResponse__Output {
}
