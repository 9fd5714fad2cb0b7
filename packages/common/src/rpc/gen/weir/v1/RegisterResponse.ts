// Original file: proto/weir/v1/control.proto


export interface RegisterResponse {
  'coordinatorId'?: (string);
  'heartbeatIntervalMs'?: (number | string);
  'heartbeatTimeoutMs'?: (number | string);
}

export interface RegisterResponse__Output {
  'coordinatorId': (string);
  'heartbeatIntervalMs': (number);
  'heartbeatTimeoutMs': (number);
}
