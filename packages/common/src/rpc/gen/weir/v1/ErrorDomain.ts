// Original file: proto/weir/v1/types.proto

export const ErrorDomain = {
  ERROR_DOMAIN_UNSPECIFIED: 'ERROR_DOMAIN_UNSPECIFIED',
  ERROR_DOMAIN_USER: 'ERROR_DOMAIN_USER',
  ERROR_DOMAIN_EXTERNAL: 'ERROR_DOMAIN_EXTERNAL',
  ERROR_DOMAIN_INTERNAL: 'ERROR_DOMAIN_INTERNAL',
} as const;

export type ErrorDomain =
  | 'ERROR_DOMAIN_UNSPECIFIED'
  | 0
  | 'ERROR_DOMAIN_USER'
  | 1
  | 'ERROR_DOMAIN_EXTERNAL'
  | 2
  | 'ERROR_DOMAIN_INTERNAL'
  | 3

export type ErrorDomain__Output = typeof ErrorDomain[keyof typeof ErrorDomain]
