// Original file: proto/weir/v1/control.proto

export const HeartbeatVerdict = {
  HEARTBEAT_VERDICT_UNSPECIFIED: 'HEARTBEAT_VERDICT_UNSPECIFIED',
  HEARTBEAT_VERDICT_OK: 'HEARTBEAT_VERDICT_OK',
  HEARTBEAT_VERDICT_UNKNOWN_WORKER: 'HEARTBEAT_VERDICT_UNKNOWN_WORKER',
} as const;

export type HeartbeatVerdict =
  | 'HEARTBEAT_VERDICT_UNSPECIFIED'
  | 0
  | 'HEARTBEAT_VERDICT_OK'
  | 1
  | 'HEARTBEAT_VERDICT_UNKNOWN_WORKER'
  | 2

export type HeartbeatVerdict__Output = typeof HeartbeatVerdict[keyof typeof HeartbeatVerdict]
