// Original file: proto/weir/v1/control.proto


export interface TaskUpdateResponse {
}

export interface TaskUpdateResponse__Output {
}
