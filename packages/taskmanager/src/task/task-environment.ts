// What a slot offers to all its tasks, and the sizes of the data plane.

import type { JobFunctions } from '@weirjs/api/functions'
import { WeirError } from '@weirjs/common/core/errors'
import type { Scheduler } from '@weirjs/common/core/clock'
import type { SlotEndpoint, SlotRequest } from '@weirjs/common/core/gateways'
import type { Fence } from '@weirjs/common/core/ids'
import type { Prng } from '@weirjs/common/core/prng'
import type { PeerProbeTimes } from '@weirjs/common/rpc/peer-probe'
import type { SlotExchange } from '../exchange/slot-exchange.ts'
import type { SlotListener } from '../slots/slot.ts'
import type { OperatorFactory, SnapshotFactory } from './factories.ts'
import type { SlotLoop } from './task-loop.ts'

export const FRAME_BYTES_DEFAULT: number = 32 * 1_024
export const FRAME_BYTES_MIN = 1_024
export const FRAME_BYTES_MAX: number = 128 * 1_024
/** Default credit of a channel, in frames. */
export const CREDIT_FRAMES_DEFAULT = 4

export const PROBE_AFTER_MS = 10_000
export const PROBE_ANSWER_MS_MAX = 5_000
const PROBE_MS_MIN = 100
const PROBE_MS_MAX = 3_600_000

export interface DataPlaneSizes {
  /** A frame counts as full from here on: FRAME_BYTES_MIN … FRAME_BYTES_MAX. */
  readonly frameBytesMax: number
  /** Bytes that a producer may have on the way on one channel, and one frame more. ≥ frameBytesMax. */
  readonly creditBytesPerChannel: number
}

export interface TaskEnvironment {
  readonly self: SlotEndpoint
  readonly fence: Fence
  readonly jobName: string
  readonly scheduler: Scheduler
  readonly prng: Prng
  readonly functions: JobFunctions
  readonly operators: OperatorFactory
  readonly snapshots: SnapshotFactory
  readonly exchange: SlotExchange
  readonly listener: SlotListener
  readonly loop: SlotLoop
  readonly sizes: DataPlaneSizes
  /** Records are frozen when they are emitted: for development. */
  readonly freezeRecords: boolean
}

/** Configuration of a job: `true` freezes records. */
export const FREEZE_KEY = 'dev.freeze-records'

/** From the job's configuration `exchange.frame-bytes` and `exchange.credit-bytes`; WeirError `config/out-of-range`. */
export function dataPlaneSizes(config: SlotRequest['config']): DataPlaneSizes {
  const frameBytesMax = bytesOf(
    config,
    'exchange.frame-bytes',
    FRAME_BYTES_DEFAULT,
    FRAME_BYTES_MIN,
    FRAME_BYTES_MAX,
  )
  const creditBytesPerChannel = bytesOf(
    config,
    'exchange.credit-bytes',
    frameBytesMax * CREDIT_FRAMES_DEFAULT,
    frameBytesMax,
    Number.MAX_SAFE_INTEGER,
  )
  return { frameBytesMax, creditBytesPerChannel }
}

/** Of the data plane, when a silent producer is asked whether it can be reached; WeirError `config/out-of-range`. */
export function probeTimes(config: SlotRequest['config']): PeerProbeTimes {
  const msOf = (key: string, byDefault: number): number =>
    integerOf(config, { key, byDefault, low: PROBE_MS_MIN, high: PROBE_MS_MAX, unit: 'ms' })
  return {
    afterMs: msOf('exchange.probe.interval', PROBE_AFTER_MS),
    answerMsMax: msOf('exchange.probe.timeout', PROBE_ANSWER_MS_MAX),
  }
}

function bytesOf(
  config: SlotRequest['config'],
  key: string,
  byDefault: number,
  low: number,
  high: number,
): number {
  return integerOf(config, { key, byDefault, low, high, unit: 'bytes' })
}

interface IntegerKey {
  readonly key: string
  readonly byDefault: number
  readonly low: number
  readonly high: number
  readonly unit: 'bytes' | 'ms'
}

function integerOf(
  config: SlotRequest['config'],
  { key, byDefault, low, high, unit }: IntegerKey,
): number {
  const text = config[key]
  if (text === undefined) return byDefault
  const found = Number(text)
  if (Number.isInteger(found) && found >= low && found <= high) return found
  throw new WeirError(
    'config/out-of-range',
    `${key} is '${text}'; it must be an integer from ${low} to ${high}`,
    {
      domain: 'user',
      hint: `leave it out for the default of ${byDefault} ${unit}`,
    },
  )
}
