// Original file: proto/weir/v1/job.proto

export const JobHealth = {
  JOB_HEALTH_UNSPECIFIED: 'JOB_HEALTH_UNSPECIFIED',
  JOB_HEALTH_HEALTHY: 'JOB_HEALTH_HEALTHY',
  JOB_HEALTH_DEGRADED: 'JOB_HEALTH_DEGRADED',
} as const;

export type JobHealth =
  | 'JOB_HEALTH_UNSPECIFIED'
  | 0
  | 'JOB_HEALTH_HEALTHY'
  | 1
  | 'JOB_HEALTH_DEGRADED'
  | 2

export type JobHealth__Output = typeof JobHealth[keyof typeof JobHealth]
