// Original file: proto/weir/v1/control.proto


export interface DeclineResponse {
}

export interface DeclineResponse__Output {
}
