// Finds the jobs on the storage when a JobManager starts, shows those that have ended, and takes the others over: a new
// epoch in their log, then their newest checkpoint. A storage that does not answer is waited for; a log that is damaged
// is named, and its job shown as failed, because nobody runs it (D13).

import { Backoff } from '@weirjs/common/core/backoff'
import { bundleFile } from '@weirjs/common/core/checkpoint/paths'
import type { CheckpointStorage } from '@weirjs/common/core/checkpoint/storage'
import { type Scheduler, sleep } from '@weirjs/common/core/clock'
import { type Failure, toFailure, WeirError } from '@weirjs/common/core/errors'
import type { JobId } from '@weirjs/common/core/ids'
import type { Log } from '@weirjs/common/core/log'
import type { Prng } from '@weirjs/common/core/prng'
import { keepsCheckpoints } from './core/job/job-states.ts'
import { sweepEndedJob } from './clean-up.ts'
import { DamagedJob } from './damaged-job.ts'
import type { JobEntry } from './job-entry.ts'
import { seenAtEnd } from './seen-at-end.ts'
import type { HistoryIndex } from './store/history-index.ts'
import { isThere } from './store/is-there.ts'
import type { JobHistory } from './store/job-history.ts'
import { JobLog } from './store/job-log.ts'
import { listJobs, readDurableHistory, readHistory, salvage } from './store/log-reader.ts'
import { type ManifestStore, SWEEP_TRIES_MAX } from './store/manifest-store.ts'
import { StoredJob } from './stored-job.ts'

const RETRY = { initialMs: 200, maxMs: 5_000, multiplier: 2, jitter: 0.2 } as const
/** Jobs that are read at the same time. */
const JOBS_AT_ONCE = 8
/** `log/deposed`: while it was opened its leader wrote, again and again. It lives, and one day it may not. */
const TRANSIENT: ReadonlySet<string> = new Set([
  'storage/io',
  'storage/full',
  'log/unavailable',
  'log/deposed',
])

export interface RecoveryOptions {
  readonly storage: CheckpointStorage
  readonly manifests: ManifestStore
  readonly index: HistoryIndex
  readonly scheduler: Scheduler
  readonly prng: Prng
  readonly log: Log
  /** The process ends. */
  readonly closed: () => boolean
  /** No job may be begun: the process ends, or stands by. */
  readonly mayNotTake: () => boolean
  /** How this JobManager is called in the logs that it takes over. */
  readonly leader: () => string
  /** The job runs here already, or is being accepted: it is nobody's to take over. */
  readonly held: (job: JobId) => boolean
  /** This is what stands for the job now. */
  readonly onFound: (job: JobEntry) => void
  /** The job is ours, from now on. */
  readonly onTaken: (log: JobLog, before: StoredJob) => void
}

export class Recovery {
  readonly #options: RecoveryOptions
  /** Jobs that are being tried: two tries at once would depose each other. */
  readonly #underWay = new Set<JobId>()

  constructor(options: RecoveryOptions) {
    this.#options = options
  }

  /** Resolves when every job has been tried once; jobs whose storage does not answer are tried on behind it. */
  async run(): Promise<void> {
    const jobs = [...(await this.#list())]
    const worker = async (): Promise<void> => {
      for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
        if (this.#options.mayNotTake()) return
        await this.#first(job)
      }
    }
    await Promise.all(Array.from({ length: JOBS_AT_ONCE }, worker))
  }

  async #list(): Promise<readonly JobId[]> {
    const { storage, scheduler, prng, log } = this.#options
    const backoff = new Backoff(RETRY, prng)
    for (;;) {
      try {
        return await listJobs(storage)
      } catch (error) {
        if (!isTransient(error) || this.#options.closed()) throw error
        log.warn({ reason: toFailure(error).message }, 'jobs on the storage cannot be listed yet')
      }
      await sleep(scheduler, backoff.nextDelayMs())
    }
  }

  /** A job that may be there, though it was not when all were listed. Never rejects. */
  async find(job: JobId): Promise<void> {
    if (this.#underWay.has(job) || this.#options.held(job)) return
    this.#underWay.add(job)
    this.#goOn(job, await this.#try(job, null), false)
  }

  async #first(job: JobId): Promise<void> {
    this.#underWay.add(job)
    this.#goOn(job, await this.#try(job, null), true)
  }

  /** Behind the first try; `exists`: there is such a job, although nothing is known of it. */
  #goOn(job: JobId, stored: StoredJob | null | 'done', exists: boolean): void {
    // Cannot reject: `#again` handles what goes wrong.
    if (stored !== 'done' && (stored !== null || exists)) void this.#again(job, stored)
    else this.#underWay.delete(job)
  }

  /** Takes a job over once more, after its master broke. Resolves when that has succeeded, or never will. */
  async again(job: JobId, before: StoredJob): Promise<void> {
    if (this.#underWay.has(job)) return
    this.#underWay.add(job)
    await this.#again(job, before)
  }

  async #again(job: JobId, before: StoredJob | null): Promise<void> {
    const { scheduler, prng, mayNotTake } = this.#options
    const backoff = new Backoff(RETRY, prng)
    let stored: StoredJob | null | 'done' = before
    while (stored !== 'done') {
      await sleep(scheduler, backoff.nextDelayMs())
      if (mayNotTake()) return
      stored = await this.#try(job, stored)
    }
    this.#underWay.delete(job)
  }

  /** `done`, or what is known of the job so far when it must be tried again. */
  async #try(job: JobId, before: StoredJob | null): Promise<StoredJob | null | 'done'> {
    const { storage, prng, scheduler, log } = this.#options
    let stored = before
    try {
      if (stored === null) {
        const { history, doubt } = await this.#read(job)
        const found = await this.#stored(job, history)
        if (this.#options.held(job) || this.#options.mayNotTake()) return 'done'
        stored = found
        if (doubt !== null) stored.failure = doubt
        this.#options.onFound(stored)
        if (doubt !== null) return stored
      }
      if (stored.ended) {
        stored = await this.#discardUnkept(stored)
        await this.#sweepEnded(stored)
        return 'done'
      }
      if (this.#options.mayNotTake()) return 'done'
      const leader = this.#options.leader()
      const opened = await JobLog.open({
        storage,
        jobId: job,
        prng: prng.fork(),
        scheduler,
        log,
        leader,
      })
      // From here on nobody but us leads it: a process that lives runs it, even if it stood by meanwhile.
      if (this.#options.closed()) return 'done'
      if (opened.history.terminal !== null) {
        // Between two tries of ours another leader has brought it to its end.
        const ended = await this.#stored(job, opened.history)
        this.#options.onFound(ended)
        stored.replaced(ended)
        stored = ended // also for what comes if the rest fails
        stored = await this.#discardUnkept(ended)
        await this.#sweepEnded(stored)
        return 'done'
      }
      await this.#sweep(job, opened)
      this.#options.onTaken(opened, stored)
      return 'done'
    } catch (error) {
      return this.#failed(job, stored, error)
    }
  }

  /**
   * That a job has ended is believed when nothing can undo it: its code is deleted by then, or this makes sure of it. One of
   * which nobody can make sure yet is shown, with why, as one that is still to be taken over.
   */
  async #read(job: JobId): Promise<{ history: JobHistory; doubt: Failure | null }> {
    const { storage, log } = this.#options
    const history = await readHistory(storage, job)
    const { terminal } = history
    if (terminal === null) return { history, doubt: null }
    try {
      const cleanedUp = !(await isThere(storage, bundleFile(job, history.submission.bundleHash)))
      return { history: cleanedUp ? history : await readDurableHistory(storage, job), doubt: null }
    } catch (error) {
      if (!isTransient(error)) throw error
      const failure = toFailure(error)
      log.warn({ jobId: job, code: failure.code, reason: failure.message }, 'job may have ended')
      const message = `its log says ${terminal.state}, which is not certain yet: ${failure.message}`
      return { history: { ...history, terminal: null }, doubt: { ...failure, message } }
    }
  }

  async #stored(job: JobId, history: JobHistory): Promise<StoredJob> {
    const { storage, index } = this.#options
    const seen = history.terminal === null ? null : await seenAtEnd(index, job)
    return new StoredJob({ jobId: job, history, storage, index, seen })
  }

  async #failed(
    job: JobId,
    stored: StoredJob | null,
    error: unknown,
  ): Promise<StoredJob | null | 'done'> {
    const failure = toFailure(error, {
      code: 'job/recovery-failed',
      domain: 'internal',
      retry: 'never',
    })
    const fields = { jobId: job, code: failure.code, reason: failure.message }
    if (isTransient(error)) {
      if (stored !== null && !stored.ended) stored.failure = failure
      this.#options.log.warn(fields, 'job cannot be taken over yet')
      return stored
    }
    // A directory without log is a submission that was never accepted.
    if (failure.code === 'log/not-found') {
      this.#options.log.debug(fields, 'directory without a job log')
      return 'done'
    }
    this.#options.log.error(fields, 'job cannot be taken over')
    if (stored?.ended !== true) await this.#showDamaged(job, stored, failure)
    return 'done'
  }

  async #showDamaged(job: JobId, stored: StoredJob | null, failure: Failure): Promise<void> {
    const { storage, onFound } = this.#options
    const history = stored?.history ?? (await salvage(storage, job))
    const damaged = new DamagedJob({ jobId: job, failure, history, storage })
    onFound(damaged)
    stored?.replaced(damaged)
  }

  /** Files of checkpoints that the leader before did not complete. Only a hindrance, so a failure waits for next time. */
  async #sweep(job: JobId, log: JobLog): Promise<void> {
    const { retained, nextCheckpointId } = log.history
    try {
      const kept = new Set(retained.map((one) => one.checkpointId))
      const deleted = await this.#options.manifests.sweep(
        job,
        kept,
        nextCheckpointId,
        SWEEP_TRIES_MAX,
      )
      if (deleted.length > 0)
        this.#options.log.info(
          { jobId: job, checkpoints: deleted },
          'left-over checkpoint files deleted',
        )
    } catch (error) {
      this.#options.log.warn(
        { jobId: job, reason: toFailure(error).message },
        'left-over checkpoint files not deleted',
      )
    }
  }

  /** The leader before may have fallen between the end of the job and the end of its clean-up. */
  #sweepEnded({ jobId, bundleHash, history }: StoredJob): Promise<void> {
    const { storage, manifests } = this.#options
    return sweepEndedJob({ jobId, bundleHash, storage, manifests }, history.retained)
  }

  /**
   * Only a leader deletes what was complete, after the log says so (D6): there is none, so we become it. Answers what stands for
   * the job then, so that it is done once, however often the sweep behind it is tried.
   */
  async #discardUnkept(stored: StoredJob): Promise<StoredJob> {
    const { storage, prng, scheduler, log } = this.#options
    const { jobId, history } = stored
    const { terminal, retained, submission } = history
    if (terminal === null || retained.length === 0) return stored
    if (keepsCheckpoints(submission.settings.checkpoint, terminal.state)) return stored
    const opened = await JobLog.open({ storage, jobId, prng: prng.fork(), scheduler, log })
    await opened.append({ type: 'discarded', ids: retained.map((one) => one.checkpointId) })
    const discarded = await this.#stored(jobId, opened.history)
    this.#options.onFound(discarded)
    return discarded
  }
}

function isTransient(error: unknown): boolean {
  return error instanceof WeirError && TRANSIENT.has(error.code)
}
