// Original file: proto/weir/v1/control.proto


export interface CancelResponse {
}

export interface CancelResponse__Output {
}
