// Names of the common core that authors of jobs and connectors meet. Others import them from where they are at home.

export { WeirError, type WeirErrorOptions } from '@weirjs/common/core/errors'
export type { Codec, Key } from '@weirjs/common/core/codec'
export { MIN_WATERMARK, NO_TIMESTAMP } from '@weirjs/common/core/time-constants'
