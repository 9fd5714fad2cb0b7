// Original file: proto/weir/v1/control.proto


export interface TriggerResponse {
}

export interface TriggerResponse__Output {
}
