// Names of a file sink's parts, and what a checkpoint keeps of one. A part is written under a staging name that no reader
// looks at, and gets its final name by a rename when its checkpoint is complete:
//
//   <dir>/.weir-staging/<job>/<uid>/<epoch>-<attempt>/<name>   in progress, then pending (sealed: synced and closed)
//   <dir>/<name>                                               finished
//
// <name> is <uid>-<subtask>-<writer>-<number>.<ending>. Writers are never reused, so no name is ever made twice.

import type { SinkContext } from '@weirjs/api/connector'
import { assert } from '@weirjs/common/core/assert'
import type { Codec } from '@weirjs/common/core/codec'
import { plainCodec } from '../plain-codec.ts'
import { joinPath } from './file-system.ts'

export const STAGING_DIRECTORY = '.weir-staging'
const PART_DIGITS = 6

/** A sealed part: durable under its staging name, invisible. */
export interface FileCommittable {
  readonly staging: string
  readonly final: string
  readonly bytes: number
  /** Lower-case hex. */
  readonly sha256: string
  /** Who wrote it. */
  readonly epoch: number
  readonly attempt: number
}

/** An attempt of the job: of the JobManager's epoch `epoch`, the `attempt`-th. */
export type Life = Pick<SinkContext, 'epoch' | 'attempt'>

export const isEarlier = (life: Life, than: Life): boolean =>
  life.epoch < than.epoch || (life.epoch === than.epoch && life.attempt < than.attempt)

export const fileCommittableCodec: Codec<FileCommittable> = plainCodec('files/committable', 1)

export interface PartNames {
  readonly stagingDirectory: string
  readonly staging: string
  readonly final: string
}

/** Names of the `number`-th part of a writer. */
export function partNames(
  directory: string,
  context: SinkContext,
  number: number,
  ending: string,
): PartNames {
  const { uid, subtask, writerId } = context
  const name = `${uid}-${subtask}-${writerId}-${String(number).padStart(PART_DIGITS, '0')}.${ending}`
  const stagingDirectory = joinPath(stagingOf(directory, context), lifeName(context))
  return {
    stagingDirectory,
    staging: joinPath(stagingDirectory, checkedName(name)),
    final: joinPath(directory, name),
  }
}

/** False: another job has staged the part, whose checkpoint this one restored. */
export const isOwn = (part: FileCommittable, directory: string, context: SinkContext): boolean =>
  part.staging.startsWith(`${stagingOf(directory, context)}/`)

export const lifeName = ({ epoch, attempt }: Life): string => `${epoch}-${attempt}`

/** The attempt that a staging directory belongs to; null: it is not one of ours. */
export function lifeOf(name: string): Life | null {
  const [, epoch, attempt] = /^(\d+)-(\d+)$/.exec(name) ?? []
  return epoch === undefined ? null : { epoch: Number(epoch), attempt: Number(attempt) }
}

/** Where all attempts of one sink of one job stage their parts. */
export function stagingOf(directory: string, context: SinkContext): string {
  const parts = [STAGING_DIRECTORY, checkedName(context.jobId), checkedName(context.uid)]
  return parts.reduce(joinPath, directory)
}

/** Ids come from the engine; one that leads elsewhere must never reach the disk. */
function checkedName(name: string): string {
  assert(
    /^[A-Za-z0-9._-]+$/.test(name) && !/^\.+$/.test(name),
    `not a file name: ${JSON.stringify(name)}`,
  )
  return name
}
