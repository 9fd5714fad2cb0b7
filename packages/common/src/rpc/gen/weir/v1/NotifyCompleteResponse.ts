// Original file: proto/weir/v1/control.proto


export interface NotifyCompleteResponse {
}

export interface NotifyCompleteResponse__Output {
}
