// Accepts a job: checks everything that can be checked before it runs, then makes it durable, code first, log second. The
// log's first entry is the moment from which the job exists; before it every failure is an answer and leaves nothing
// behind. The id follows from the submission, so that one that reaches two JobManagers is one job: both want to create
// the same entry, and one of them does.

import { createHash } from 'node:crypto'
import { bundleFile } from '@weirjs/common/core/checkpoint/paths'
import type { CheckpointStorage } from '@weirjs/common/core/checkpoint/storage'
import type { Scheduler } from '@weirjs/common/core/clock'
import { WeirError } from '@weirjs/common/core/errors'
import type { PhysicalPlan } from '@weirjs/common/core/graph/physical-plan'
import { type BundleHash, type JobId, jobId } from '@weirjs/common/core/ids'
import type { Log } from '@weirjs/common/core/log'
import type { Prng } from '@weirjs/common/core/prng'
import type { SubmitRequest } from '@weirjs/common/job-client'
import { assignState } from './core/checkpoint/state-assignment.ts'
import { planJob } from './core/plan/planner.ts'
import { checkSettings } from './settings-check.ts'
import { isThere } from './store/is-there.ts'
import type { JobSubmission, RestoreInfo } from './store/job-history.ts'
import { JobLog } from './store/job-log.ts'
import type { ManifestStore } from './store/manifest-store.ts'
import { resolveRestorePath } from './store/restore-path.ts'

const JOB_ID_DIGITS = 32
export const BUNDLE_BYTES_MAX: number = 64 * 1_024 * 1_024

export interface SubmitterOptions {
  readonly storage: CheckpointStorage
  readonly manifests: ManifestStore
  readonly scheduler: Scheduler
  readonly prng: Prng
  readonly log: Log
  /** The JobManager is closing: nothing is waited for, and nothing deleted. */
  readonly closed: () => boolean
}

export interface Accepted {
  readonly jobId: JobId
  readonly log: JobLog | null
}

export class Submitter {
  readonly #options: SubmitterOptions
  /** Code that is being read, by its path. */
  readonly #reading = new Map<string, Promise<Uint8Array>>()

  constructor(options: SubmitterOptions) {
    this.#options = options
  }

  /**
   * Throws `job/invalid-graph`, `job/invalid-settings`, `job/bundle-mismatch`, `job/bundle-too-large`, `restore/…`,
   * `storage/…`, `log/unavailable`. No log: the submission was accepted before, by whomever.
   */
  async submit(request: SubmitRequest): Promise<Accepted> {
    checkBundle(request.bundle, request.bundleHash)
    checkSettings(request.settings)
    const { plan, notes } = planJob(request.graph, request.settings)
    const restore = await this.#checkRestore(request, plan)
    const submission: JobSubmission = {
      submissionId: request.submissionId,
      graph: request.graph,
      plan,
      settings: request.settings,
      bundleHash: request.bundleHash,
      args: request.args,
      submittedAtMs: request.submittedAtMs,
      restore,
    }
    const id = jobIdOf(request.submissionId)
    const log = await this.#persist(id, submission, request.bundle)
    if (log === null) return { jobId: id, log }
    const downgrades = notes.filter((note) => note.kind === 'downgraded').map((note) => note.text)
    const { name } = request.graph
    this.#options.log.info(
      { jobId: id, name, vertices: plan.vertices.length, downgrades },
      'job accepted',
    )
    return { jobId: id, log }
  }

  /**
   * The code of a job, as it was submitted: read once for all TaskManagers that ask at the same time, as they do when the job
   * starts. Throws `job/bundle-missing`, `state/file-damaged`, `storage/io`.
   */
  readBundle(job: JobId, hash: BundleHash): Promise<Uint8Array> {
    const path = bundleFile(job, hash)
    const underWay = this.#reading.get(path)
    if (underWay !== undefined) return underWay
    const reading = this.#readBundle(path, job, hash).finally(() => this.#reading.delete(path))
    this.#reading.set(path, reading)
    return reading
  }

  async #readBundle(path: string, job: JobId, hash: BundleHash): Promise<Uint8Array> {
    const bytes = await this.#options.storage.read(path).catch((error: unknown) => {
      if (!(error instanceof WeirError) || error.code !== 'storage/not-found') throw error
      throw new WeirError(
        'job/bundle-missing',
        `the code of job ${job} is not on the storage any more`,
        {
          domain: 'external',
          retry: 'never',
          cause: error,
        },
      )
    })
    if (sha256Of(bytes) === hash) return bytes
    throw new WeirError(
      'state/file-damaged',
      `${this.#options.storage.locate(path)} is not what was submitted`,
      {
        domain: 'external',
        retry: 'never',
        hint: 'Submit the job again with -s and its newest checkpoint.',
      },
    )
  }

  async #checkRestore(request: SubmitRequest, plan: PhysicalPlan): Promise<RestoreInfo | null> {
    if (request.restoreFrom === null) return null
    const { storage, manifests } = this.#options
    const { allowNonRestoredState } = request
    const { manifestPath, sha256 } = await resolveRestorePath(storage, request.restoreFrom)
    const { manifest, directory } = await manifests.load(manifestPath, sha256)
    assignState(manifest, plan, directory, { allowNonRestoredState, commitOnly: false })
    return { manifestPath, checkpointId: manifest.checkpointId, allowNonRestoredState }
  }

  async #persist(id: JobId, submission: JobSubmission, bundle: Uint8Array): Promise<JobLog | null> {
    const { storage, prng, scheduler, log, closed } = this.#options
    const { bundleHash } = submission
    try {
      await this.#publish(id, bundleHash, bundle)
      const options = { storage, jobId: id, prng: prng.fork(), scheduler, log }
      return await JobLog.create(options, submission, closed)
    } catch (error) {
      if (error instanceof WeirError && error.code === 'log/exists') return null
      // The code stays: another JobManager that has the same submission may be about to need it.
      throw error
    }
  }

  /** The code is there, or it is put there. */
  async #publish(id: JobId, hash: BundleHash, bundle: Uint8Array): Promise<void> {
    const { storage } = this.#options
    const path = bundleFile(id, hash)
    if (await isThere(storage, path)) return
    const staged = await storage.stage(path, 'submit')
    try {
      await staged.write(bundle)
      await staged.publish()
    } catch (error) {
      if (!(error instanceof WeirError) || error.code !== 'storage/exists') throw error
    } finally {
      await staged.abandon()
    }
  }
}

/** One submission is one job, whoever accepts it. */
export function jobIdOf(submissionId: string): JobId {
  return jobId(sha256Of(new TextEncoder().encode(submissionId)).slice(0, JOB_ID_DIGITS))
}

function checkBundle(bundle: Uint8Array, hash: BundleHash): void {
  if (bundle.length > BUNDLE_BYTES_MAX) {
    const message = `the job's code has ${bundle.length} bytes, at most ${BUNDLE_BYTES_MAX} are allowed`
    throw new WeirError('job/bundle-too-large', message, { domain: 'user' })
  }
  if (sha256Of(bundle) === hash) return
  throw new WeirError(
    'job/bundle-mismatch',
    'the code that arrived is not the code that was announced',
    {
      domain: 'external',
      retry: 'backoff',
      hint: 'Submit again.',
    },
  )
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
