// What a slot offers to all its tasks, and the sizes of the data plane.

import type { JobFunctions } from '@weirjs/api/functions'
import { WeirError } from '@weirjs/common/core/errors'
import type { Scheduler } from '@weirjs/common/core/clock'
import type { SlotEndpoint, SlotRequest } from '@weirjs/common/core/gateways'
import type { Fence } from '@weirjs/common/core/ids'
import {
  shownValue,
  TASK_BOUNDS,
  type TaskKey,
  taskValue,
  wantedOf,
} from '@weirjs/common/core/job-bounds'
import type { Prng } from '@weirjs/common/core/prng'
import type { PeerProbeTimes } from '@weirjs/common/rpc/peer-probe'
import type { SlotExchange } from '../exchange/slot-exchange.ts'
import type { SlotListener } from '../slots/slot.ts'
import type { OperatorFactory, SnapshotFactory } from './factories.ts'
import type { SlotLoop } from './task-loop.ts'

export const FRAME_BYTES_DEFAULT: number = 32 * 1_024
export const FRAME_BYTES_MIN: number = TASK_BOUNDS['exchange.frame-bytes'].least
export const FRAME_BYTES_MAX: number = TASK_BOUNDS['exchange.frame-bytes'].most
/** Default credit of a channel, in frames. */
export const CREDIT_FRAMES_DEFAULT = 4

export const PROBE_AFTER_MS = 10_000
export const PROBE_ANSWER_MS_MAX = 5_000

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
  const frameBytesMax = valueOf(config, 'exchange.frame-bytes', FRAME_BYTES_DEFAULT)
  const preset = frameBytesMax * CREDIT_FRAMES_DEFAULT
  const creditBytesPerChannel = valueOf(config, 'exchange.credit-bytes', preset)
  if (creditBytesPerChannel >= frameBytesMax) return { frameBytesMax, creditBytesPerChannel }
  const message = `exchange.credit-bytes is ${creditBytesPerChannel}, less than exchange.frame-bytes, ${frameBytesMax}`
  throw new WeirError('config/out-of-range', message, { domain: 'user' })
}

/** Of the data plane, when a silent producer is asked whether it can be reached; WeirError `config/out-of-range`. */
export function probeTimes(config: SlotRequest['config']): PeerProbeTimes {
  return {
    afterMs: valueOf(config, 'exchange.probe.interval', PROBE_AFTER_MS),
    answerMsMax: valueOf(config, 'exchange.probe.timeout', PROBE_ANSWER_MS_MAX),
  }
}

function valueOf(config: SlotRequest['config'], key: TaskKey, byDefault: number): number {
  const text = config[key]
  if (text === undefined) return byDefault
  const found = taskValue(key, text)
  if (found !== null) return found
  const message = `${key} is ${shownValue(text)}, but must be ${wantedOf(TASK_BOUNDS[key])}`
  throw new WeirError('config/out-of-range', message, {
    domain: 'user',
    hint: `leave it out for the default of ${byDefault}`,
  })
}
