// Original file: proto/weir/v1/control.proto


export interface DeployResponse {
}

export interface DeployResponse__Output {
}
