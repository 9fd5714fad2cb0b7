// Original file: proto/weir/v1/control.proto


export interface AttachResponse {
  'coordinatorId'?: (string);
}

export interface AttachResponse__Output {
  'coordinatorId': (string);
}
