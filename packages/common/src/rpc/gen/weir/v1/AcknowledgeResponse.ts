// Original file: proto/weir/v1/control.proto


export interface AcknowledgeResponse {
}

export interface AcknowledgeResponse__Output {
}
