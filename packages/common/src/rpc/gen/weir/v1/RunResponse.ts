// Original file: proto/weir/v1/control.proto


export interface RunResponse {
}

export interface RunResponse__Output {
}
