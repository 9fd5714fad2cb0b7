// Original file: proto/weir/v1/control.proto


export interface ReleaseResponse {
}

export interface ReleaseResponse__Output {
}
