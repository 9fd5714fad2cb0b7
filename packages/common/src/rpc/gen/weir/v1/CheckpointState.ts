// Original file: proto/weir/v1/job.proto

export const CheckpointState = {
  CHECKPOINT_STATE_UNSPECIFIED: 'CHECKPOINT_STATE_UNSPECIFIED',
  CHECKPOINT_STATE_IN_PROGRESS: 'CHECKPOINT_STATE_IN_PROGRESS',
  CHECKPOINT_STATE_COMPLETED: 'CHECKPOINT_STATE_COMPLETED',
  CHECKPOINT_STATE_FAILED: 'CHECKPOINT_STATE_FAILED',
} as const;

export type CheckpointState =
  | 'CHECKPOINT_STATE_UNSPECIFIED'
  | 0
  | 'CHECKPOINT_STATE_IN_PROGRESS'
  | 1
  | 'CHECKPOINT_STATE_COMPLETED'
  | 2
  | 'CHECKPOINT_STATE_FAILED'
  | 3

export type CheckpointState__Output = typeof CheckpointState[keyof typeof CheckpointState]
