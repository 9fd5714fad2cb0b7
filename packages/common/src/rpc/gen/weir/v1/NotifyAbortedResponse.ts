// Original file: proto/weir/v1/control.proto


export interface NotifyAbortedResponse {
}

export interface NotifyAbortedResponse__Output {
}
