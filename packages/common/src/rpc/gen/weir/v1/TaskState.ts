// Original file: proto/weir/v1/control.proto

export const TaskState = {
  TASK_STATE_UNSPECIFIED: 'TASK_STATE_UNSPECIFIED',
  TASK_STATE_RUNNING: 'TASK_STATE_RUNNING',
  TASK_STATE_END_OF_DATA: 'TASK_STATE_END_OF_DATA',
  TASK_STATE_FINISHED: 'TASK_STATE_FINISHED',
  TASK_STATE_CANCELED: 'TASK_STATE_CANCELED',
  TASK_STATE_FAILED: 'TASK_STATE_FAILED',
} as const;

export type TaskState =
  | 'TASK_STATE_UNSPECIFIED'
  | 0
  | 'TASK_STATE_RUNNING'
  | 1
  | 'TASK_STATE_END_OF_DATA'
  | 2
  | 'TASK_STATE_FINISHED'
  | 3
  | 'TASK_STATE_CANCELED'
  | 4
  | 'TASK_STATE_FAILED'
  | 5

export type TaskState__Output = typeof TaskState[keyof typeof TaskState]
