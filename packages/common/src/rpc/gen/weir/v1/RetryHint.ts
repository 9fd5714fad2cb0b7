// Original file: proto/weir/v1/types.proto

export const RetryHint = {
  RETRY_HINT_UNSPECIFIED: 'RETRY_HINT_UNSPECIFIED',
  RETRY_HINT_NEVER: 'RETRY_HINT_NEVER',
  RETRY_HINT_BACKOFF: 'RETRY_HINT_BACKOFF',
  RETRY_HINT_IMMEDIATE: 'RETRY_HINT_IMMEDIATE',
} as const;

export type RetryHint =
  | 'RETRY_HINT_UNSPECIFIED'
  | 0
  | 'RETRY_HINT_NEVER'
  | 1
  | 'RETRY_HINT_BACKOFF'
  | 2
  | 'RETRY_HINT_IMMEDIATE'
  | 3

export type RetryHint__Output = typeof RetryHint[keyof typeof RetryHint]
