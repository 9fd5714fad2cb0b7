// Original file: proto/weir/v1/job.proto

export const CheckpointKind = {
  CHECKPOINT_KIND_UNSPECIFIED: 'CHECKPOINT_KIND_UNSPECIFIED',
  CHECKPOINT_KIND_PERIODIC: 'CHECKPOINT_KIND_PERIODIC',
  CHECKPOINT_KIND_MANUAL: 'CHECKPOINT_KIND_MANUAL',
  CHECKPOINT_KIND_FINAL: 'CHECKPOINT_KIND_FINAL',
} as const;

export type CheckpointKind =
  | 'CHECKPOINT_KIND_UNSPECIFIED'
  | 0
  | 'CHECKPOINT_KIND_PERIODIC'
  | 1
  | 'CHECKPOINT_KIND_MANUAL'
  | 2
  | 'CHECKPOINT_KIND_FINAL'
  | 3

export type CheckpointKind__Output = typeof CheckpointKind[keyof typeof CheckpointKind]
