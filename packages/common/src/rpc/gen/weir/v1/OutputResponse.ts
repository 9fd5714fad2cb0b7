// Original file: proto/weir/v1/control.proto


export interface OutputResponse {
}

export interface OutputResponse__Output {
}
