// Oracle O3: the auditor of job logs. It reads every entry at the moment when it becomes durable, without the code that
// wrote it, and knows the rules: one chain, epochs and attempts that rise, ids that were reserved, checkpoints that complete
// in the order of their ids, with a manifest and all its files in place; attempts that begin from the newest of them;
// nothing that is retained is deleted; what is decided stays decided.

import { createHash } from 'node:crypto'
import type { StateFile } from '@weirjs/common/core/checkpoint/handles'
import type { DiskWatcher } from '../sim-disk.ts'
import type { World } from '../world.ts'
import type { Violation } from './violation.ts'

const VIOLATIONS_MAX = 5
const ENTRY = /^([0-9a-f]{32})\/log\/(\d{10})$/
const CHECKPOINT_FILE = /^([0-9a-f]{32})\/chk-(\d+)\//
const BUNDLE = /^([0-9a-f]{32})\/bundle-/
/** Ids above the highest one that the log knows of, which a leader may use without a word to the log. */
const IDS_AHEAD = 10

interface Completed {
  readonly checkpointId: number
  readonly kind: string
  readonly manifestPath: string
  readonly manifestSha256: string
}

type Body =
  | { readonly type: 'submitted'; readonly submission: Submission }
  | { readonly type: 'epoch'; readonly firstCheckpointId: number }
  | { readonly type: 'completed'; readonly checkpoint: Completed }
  | { readonly type: 'discarded'; readonly ids: readonly number[] }
  | { readonly type: 'terminal'; readonly state: string }
  | { readonly type: 'fold'; readonly history: { readonly retained: readonly Completed[] } }
  | { readonly type: 'attempt'; readonly attempt: number; readonly restoredFrom: number | null }
  | { readonly type: 'ids'; readonly upTo: number }
  | { readonly type: 'finishing'; readonly checkpointId: number }
  | { readonly type: 'cancel-requested' }

interface Submission {
  readonly plan: Plan
  readonly restore: { readonly manifestPath: string; readonly checkpointId: number } | null
}

interface Plan {
  readonly vertices: readonly { readonly parallelism: number }[]
}

export interface AuditedEntry {
  readonly index: number
  readonly epoch: number
  readonly uuid: string
  readonly previous: string | null
  readonly body: Body
}

interface JobRecord {
  tasks: number
  last: AuditedEntry | null
  /** By index: of all entries that there ever were. */
  readonly uuids: Map<number, string>
  folded: number
  readonly epochEntries: Set<number>
  readonly completed: Set<number>
  highestCompleted: number
  completedAtMs: number
  /** Ids, with the paths of what each consists of. */
  readonly retained: Map<number, readonly string[]>
  /** What it begins from until it has a checkpoint of its own; null: from nothing. */
  restore: number | null
  /** The highest attempt that is logged. */
  attempt: number
  /** The first id that the present epoch may use. */
  firstId: number
  /** The highest id that the log knows of. */
  highestId: number
  finalId: number | null
  /** When the final checkpoint was decided, and whether the tasks that took it were there to the end. */
  finalAtMs: number
  restartedAfterFinal: boolean
  cancelRequested: boolean
  terminal: string | null
}

export class LogAuditor implements DiskWatcher {
  readonly violations: Violation[] = []
  readonly #world: World
  readonly #disk: { get(path: string): Uint8Array | undefined }
  readonly #jobs = new Map<string, JobRecord>()
  #lastCompletionMs = Number.NEGATIVE_INFINITY

  /** Is told of each entry once it is durable. */
  onEntry: (job: string, entry: AuditedEntry) => void = () => {}
  /** Is told of each attempt that is logged. */
  onAttempt: (job: string, attempt: number) => void = () => {}
  /** Is told what each completed checkpoint holds: the bytes of its state files. */
  onCompleted: (states: readonly Uint8Array[]) => void = () => {}

  /** `disk`: what is durable. */
  constructor(world: World, disk: { get(path: string): Uint8Array | undefined }) {
    this.#world = world
    this.#disk = disk
  }

  // ---- what others ask ----

  /** When some checkpoint was last decided to be complete. */
  get lastCompletionMs(): number {
    return this.#lastCompletionMs
  }

  /** When a checkpoint of the job was last decided to be complete. */
  completedAtMs(job: string): number {
    return this.#jobs.get(job)?.completedAtMs ?? Number.NEGATIVE_INFINITY
  }

  isCompleted(job: string, checkpoint: number): boolean {
    return this.#jobs.get(job)?.completed.has(checkpoint) === true
  }

  retained(job: string): ReadonlySet<number> {
    return new Set(this.#jobs.get(job)?.retained.keys())
  }

  terminal(job: string): string | null {
    return this.#jobs.get(job)?.terminal ?? null
  }

  /** What an attempt must begin from: the newest completed checkpoint, or what was named at submission. */
  startsFrom(job: string): number | null {
    const { completed, highestCompleted, restore } = this.#job(job)
    return completed.size === 0 ? restore : highestCompleted
  }

  /** The final checkpoint is complete: all that is left is to commit. */
  isFinal(job: string): boolean {
    return this.#job(job).finalId !== null
  }

  /** When the sinks looked for the last time at what is staged; null: those who should have were killed before. */
  tidiedAtMs(job: string): number | null {
    const { finalAtMs, restartedAfterFinal } = this.#job(job)
    return restartedAfterFinal ? null : finalAtMs
  }

  /** Of the newest entry: who leads the job. */
  epoch(job: string): number {
    return this.#job(job).last?.epoch ?? 0
  }

  get jobs(): readonly string[] {
    return [...this.#jobs.keys()]
  }

  complain(message: string): void {
    this.#world.trace(`O3 ${message}`)
    if (this.violations.length < VIOLATIONS_MAX) this.violations.push({ oracle: 'O3', message })
  }

  // ---- what happens on the disk ----

  created(path: string, bytes: Uint8Array): void {
    const [, job] = ENTRY.exec(path) ?? []
    if (job === undefined) return
    const text = new TextDecoder().decode(bytes)
    this.#entry(job, JSON.parse(text.slice(text.indexOf('\n') + 1)) as AuditedEntry)
  }

  deleted(path: string): void {
    const [, ofEntry, digits] = ENTRY.exec(path) ?? []
    if (ofEntry !== undefined) return this.#entryDeleted(this.#job(ofEntry), Number(digits), path)
    const [, ofFile, id] = CHECKPOINT_FILE.exec(path) ?? []
    if (ofFile !== undefined && this.#job(ofFile).retained.has(Number(id)))
      this.complain(`${path} was deleted, and its checkpoint is retained`)
    const [, ofBundle] = BUNDLE.exec(path) ?? []
    if (ofBundle === undefined) return
    const { last, terminal } = this.#job(ofBundle)
    if (last !== null && terminal === null)
      this.complain(`${path} was deleted before the job ended`)
  }

  /** What was durable before is still there: the newest entry of each log, and every checkpoint that is retained. */
  powerFailed(): void {
    for (const [id, { last, retained }] of this.#jobs) {
      const entry = last === null ? [] : [`${id}/log/${String(last.index).padStart(10, '0')}`]
      for (const path of [...entry, ...[...retained.values()].flat()])
        if (this.#disk.get(path) === undefined)
          this.complain(`${path} was durable, and is gone when the power comes back`)
    }
  }

  #entryDeleted(job: JobRecord, index: number, path: string): void {
    if (index >= job.folded) this.complain(`${path} was deleted, and no later entry holds it`)
    if (job.epochEntries.has(index)) this.complain(`${path} was deleted, which began an epoch`)
  }

  #job(id: string): JobRecord {
    const known = this.#jobs.get(id)
    if (known !== undefined) return known
    const made: JobRecord = {
      tasks: 0,
      last: null,
      uuids: new Map(),
      folded: 0,
      epochEntries: new Set(),
      completed: new Set(),
      highestCompleted: 0,
      completedAtMs: Number.NEGATIVE_INFINITY,
      retained: new Map(),
      restore: null,
      attempt: 0,
      firstId: 1,
      highestId: 0,
      finalId: null,
      finalAtMs: Number.POSITIVE_INFINITY,
      restartedAfterFinal: false,
      cancelRequested: false,
      terminal: null,
    }
    this.#jobs.set(id, made)
    return made
  }

  #entry(id: string, entry: AuditedEntry): void {
    const job = this.#job(id)
    // A leader that slept made durable what it had read, and it had been folded away: it lies where nobody reads.
    if (entry.index < job.folded && entry.uuid === job.uuids.get(entry.index)) return
    job.uuids.set(entry.index, entry.uuid)
    const where = `entry ${entry.index} "${entry.body.type}" of job ${id.slice(0, 8)}`
    const { last } = job
    if (entry.index !== (last?.index ?? 0) + 1) this.complain(`${where} leaves a hole`)
    if (entry.previous !== (last?.uuid ?? null)) this.complain(`${where} breaks the chain`)
    const rises = entry.epoch === (last?.epoch ?? 0) + 1
    if (rises !== (entry.body.type === 'epoch' || entry.body.type === 'submitted'))
      this.complain(`${where} has epoch ${entry.epoch} after ${last?.epoch}`)
    if (!rises && entry.epoch !== last?.epoch)
      this.complain(`${where} was written by a deposed leader`)
    if (job.terminal !== null && !AFTER_THE_END.has(entry.body.type))
      this.complain(`${where} was written after the job was ${job.terminal}`)
    job.last = entry
    this.onEntry(id, entry)
    this.#body(id, job, entry, where)
  }

  #body(id: string, job: JobRecord, { index, body }: AuditedEntry, where: string): void {
    switch (body.type) {
      case 'submitted':
        job.epochEntries.add(index)
        return this.#submitted(job, body.submission, where)
      case 'epoch':
        job.epochEntries.add(index)
        if (job.finalId !== null && job.terminal === null) job.restartedAfterFinal = true
        if (body.firstCheckpointId <= job.highestId + IDS_AHEAD)
          this.complain(`${where} begins with an id that may have been used`)
        job.firstId = body.firstCheckpointId
        job.highestId = body.firstCheckpointId - 1
        return
      case 'completed':
        return this.#completed(id, job, body.checkpoint, where)
      case 'discarded':
        for (const one of body.ids) job.retained.delete(one)
        if (job.retained.size === 0 && job.terminal === null)
          this.complain(`${where} leaves nothing to restore`)
        return
      case 'cancel-requested':
        job.cancelRequested = true
        return
      case 'terminal':
        if (job.cancelRequested && body.state !== 'CANCELED')
          this.complain(`${where}: ${body.state} after it was to be canceled`)
        if (body.state === 'FINISHED' && job.finalId === null)
          this.complain(`${where}: FINISHED without a final checkpoint`)
        job.terminal = body.state
        return
      case 'fold': {
        job.folded = index
        const told = body.history.retained.map((one) => one.checkpointId).join()
        if (told !== [...job.retained.keys()].join())
          this.complain(
            `${where} tells of ${told}, retained are ${[...job.retained.keys()].join()}`,
          )
        return
      }
      case 'attempt':
        if (job.finalId !== null) job.restartedAfterFinal = true
        return this.#attempt(id, job, body, where)
      case 'ids':
        if (body.upTo <= job.highestId)
          this.complain(`${where}: ids up to ${body.upTo} after ${job.highestId}`)
        job.highestId = body.upTo
        return
      case 'finishing':
        if (body.checkpointId !== job.finalId)
          this.complain(`${where}: ${body.checkpointId}, the final checkpoint is ${job.finalId}`)
    }
  }

  /** A resumed job begins from a checkpoint that the other one retains. */
  #submitted(job: JobRecord, { plan, restore }: Submission, where: string): void {
    job.tasks = plan.vertices.reduce((sum, one) => sum + one.parallelism, 0)
    if (restore === null) return
    const { checkpointId, manifestPath } = restore
    job.restore = checkpointId
    job.highestId = checkpointId
    const [, other] = CHECKPOINT_FILE.exec(manifestPath) ?? []
    if (other !== undefined && !this.retained(other).has(checkpointId))
      this.complain(`${where}: ${manifestPath} is of no retained checkpoint`)
  }

  /**
   * Nothing may complete between the choice of a checkpoint and this entry, so it names the newest. One that ended before
   * it knew names none; what tasks are given then is seen by `RestoreAuditor`.
   */
  #attempt(
    id: string,
    job: JobRecord,
    { attempt, restoredFrom }: { readonly attempt: number; readonly restoredFrom: number | null },
    where: string,
  ): void {
    if (attempt <= job.attempt) this.complain(`${where}: attempt ${attempt} after ${job.attempt}`)
    job.attempt = attempt
    this.onAttempt(id, attempt)
    const newest = this.startsFrom(id)
    if (restoredFrom !== null && restoredFrom !== newest)
      this.complain(`${where}: attempt ${attempt} began from ${restoredFrom}, not from ${newest}`)
  }

  #completed(id: string, job: JobRecord, checkpoint: Completed, where: string): void {
    const { checkpointId, kind } = checkpoint
    const highest = job.highestCompleted
    if (checkpointId <= highest) this.complain(`${where}: ${checkpointId} after ${highest}`)
    if (checkpointId < job.firstId)
      this.complain(`${where}: ${checkpointId} belongs to an earlier epoch`)
    if (checkpointId > job.highestId + IDS_AHEAD)
      this.complain(`${where}: nobody reserved id ${checkpointId}`)
    job.highestId = Math.max(job.highestId, checkpointId)
    if (job.finalId !== null) this.complain(`${where}: after the final checkpoint ${job.finalId}`)
    if (kind === 'final') {
      job.finalId = checkpointId
      job.finalAtMs = this.#world.scheduler.nowMs()
    }
    job.completed.add(checkpointId)
    job.highestCompleted = Math.max(highest, checkpointId)
    job.completedAtMs = this.#world.scheduler.nowMs()
    this.#lastCompletionMs = job.completedAtMs
    const paths = this.#manifest(id, job, checkpoint, where)
    job.retained.set(checkpointId, paths)
  }

  /** Answers the paths of all that the checkpoint consists of. */
  #manifest(id: string, job: JobRecord, checkpoint: Completed, where: string): readonly string[] {
    const bytes = this.#disk.get(checkpoint.manifestPath)
    if (bytes === undefined) {
      this.complain(`${where}: there is no manifest`)
      return []
    }
    if (sha256(bytes) !== checkpoint.manifestSha256)
      this.complain(`${where}: the manifest is another one`)
    const text = new TextDecoder().decode(bytes)
    const { tasks } = JSON.parse(text.slice(text.indexOf('\n') + 1)) as {
      readonly tasks: readonly { readonly snapshot: { readonly file: StateFile | null } }[]
    }
    if (tasks.length !== job.tasks)
      this.complain(`${where}: ${tasks.length} of ${job.tasks} tasks are in it`)
    const files = tasks.flatMap(({ snapshot }) => (snapshot.file === null ? [] : [snapshot.file]))
    this.onCompleted(files.map((file) => this.#file(id, file, where)))
    return [checkpoint.manifestPath, ...files.map((file) => `${id}/${file.path}`)]
  }

  #file(id: string, file: StateFile, where: string): Uint8Array {
    const bytes = this.#disk.get(`${id}/${file.path}`)
    if (bytes === undefined) {
      this.complain(`${where}: ${file.path} is missing`)
      return new Uint8Array()
    }
    if (bytes.length !== file.bytes)
      this.complain(`${where}: ${file.path} has ${bytes.length} bytes instead of ${file.bytes}`)
    else if (sha256(bytes) !== file.sha256) this.complain(`${where}: ${file.path} is damaged`)
    return bytes
  }
}

/** A leader that takes over while another ends the job, and the clean-up. */
const AFTER_THE_END: ReadonlySet<Body['type']> = new Set(['epoch', 'discarded', 'fold'])

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
