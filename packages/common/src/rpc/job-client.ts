// How a client reaches the JobManager: JobClient over gRPC, calling end. Nothing is retried; a submit may be repeated by
// the caller with the same submission id.

import type { ServiceError } from '@grpc/grpc-js'

import type { Scheduler } from '../core/clock.ts'
import { WeirError } from '../core/errors.ts'
import type { JobId } from '../core/ids.ts'
import type {
  CheckpointView,
  ClusterView,
  JobClient,
  JobDefault,
  JobDetail,
  JobEventView,
  JobSummary,
  SubmitRequest,
  WorkerView,
} from '../job-client.ts'
import type { Identity } from '../tls/identity.ts'
import { RpcChannel } from './call.ts'
import { each, refuse } from './check.ts'
import { toJobId } from './convert.ts'
import {
  BUNDLE_BYTES_MAX,
  checkpointFromWire,
  clusterFromWire,
  detailFromWire,
  jobDefaultFromWire,
  submitHeadToWire,
  summaryFromWire,
  workerFromWire,
} from './convert-job.ts'
import { jobEventFromWire } from './convert-watch.ts'
import type { SubmitRequest as WireSubmit } from './gen/weir/v1/SubmitRequest.ts'
import type { WatchResponse__Output } from './gen/weir/v1/WatchResponse.ts'
import { wireServices } from './load-proto.ts'
import { tlsTo } from './tls-credentials.ts'

export const SUBMIT_MS_MAX = 120_000
/** The JobManager answers by the job's own checkpoint time-out; this is for one that never does. */
export const TRIGGER_CHECKPOINT_MS_MAX = 3_600_000
const BUNDLE_CHUNK_BYTES = 1_024 * 1_024

export interface JobClientOptions {
  /** The JobManager's control address. */
  readonly address: string
  /** The cluster token. */
  readonly token: string
  /** Names the caller, for the JobManager's log. */
  readonly sender: string
  readonly scheduler: Scheduler
  /** Left out: the connection is not encrypted. */
  readonly tls?: Identity | undefined
  readonly messageBytesMax?: number
}

export interface JobConnection {
  readonly client: JobClient
  /** Running calls reject with `rpc/unavailable`. */
  close(): void
}

export function connectJobManager(options: JobClientOptions): JobConnection {
  const channel = new RpcChannel({ ...options, tls: tlsTo('jobmanager', options.tls) })
  return { client: new RemoteJobClient(channel), close: () => channel.close() }
}

class RemoteJobClient implements JobClient {
  readonly #channel: RpcChannel
  readonly #methods = wireServices().job

  constructor(channel: RpcChannel) {
    this.#channel = channel
  }

  async submit(request: SubmitRequest): Promise<JobId> {
    if (request.bundle.length > BUNDLE_BYTES_MAX) {
      const bytes = request.bundle.length
      throw new WeirError(
        'job/bundle-too-large',
        `the bundle has ${bytes} bytes, at most ${BUNDLE_BYTES_MAX} fit`,
        {
          domain: 'user',
          hint: 'Keep data out of the job module: read it from files.',
        },
      )
    }
    const reply = await this.#channel.upload(this.#methods.Submit, this.#submitParts(request), {
      deadlineMs: SUBMIT_MS_MAX,
    })
    return toJobId(reply.jobId, 'jobId')
  }

  *#submitParts(request: SubmitRequest): Generator<WireSubmit> {
    yield { header: this.#channel.header(), head: submitHeadToWire(request) }
    for (let at = 0; at < request.bundle.length; at += BUNDLE_CHUNK_BYTES) {
      const chunk = Buffer.from(request.bundle.subarray(at, at + BUNDLE_CHUNK_BYTES))
      yield { header: this.#channel.header(), chunk }
    }
  }

  async list(): Promise<readonly JobSummary[]> {
    const { jobs } = await this.#channel.unary(this.#methods.List, {
      header: this.#channel.header(),
    })
    return each(jobs, 'jobs', summaryFromWire)
  }

  async describe(id: string): Promise<JobDetail> {
    return detailFromWire(await this.#channel.unary(this.#methods.Describe, this.#about(id)))
  }

  async checkpoints(id: string): Promise<readonly CheckpointView[]> {
    const { checkpoints } = await this.#channel.unary(this.#methods.Checkpoints, this.#about(id))
    return each(checkpoints, 'checkpoints', checkpointFromWire)
  }

  async cancel(id: string): Promise<void> {
    await this.#channel.unary(this.#methods.Cancel, this.#about(id))
  }

  async triggerCheckpoint(id: string): Promise<CheckpointView> {
    const { checkpoint } = await this.#channel.unary(
      this.#methods.TriggerCheckpoint,
      this.#about(id),
      {
        deadlineMs: TRIGGER_CHECKPOINT_MS_MAX,
      },
    )
    return checkpointFromWire(checkpoint, 'checkpoint')
  }

  async workers(): Promise<readonly WorkerView[]> {
    const { workers } = await this.#channel.unary(this.#methods.Workers, {
      header: this.#channel.header(),
    })
    return each(workers, 'workers', workerFromWire)
  }

  async drainWorker(id: string, draining: boolean): Promise<WorkerView> {
    const request = { header: this.#channel.header(), worker: id, draining }
    const { worker } = await this.#channel.unary(this.#methods.DrainWorker, request)
    return workerFromWire(worker ?? refuse('worker', 'is missing'), 'worker')
  }

  async cluster(): Promise<ClusterView> {
    return clusterFromWire(
      await this.#channel.unary(this.#methods.Cluster, { header: this.#channel.header() }),
    )
  }

  async jobDefaults(): Promise<readonly JobDefault[]> {
    const request = { header: this.#channel.header() }
    const { defaults } = await this.#channel.unary(this.#methods.JobDefaults, request)
    return each(defaults, 'defaults', jobDefaultFromWire)
  }

  async *watch(id: string, signal: AbortSignal): AsyncGenerator<JobEventView> {
    if (signal.aborted) return
    const call = this.#channel.open(this.#methods.Watch, this.#about(id))
    const cancel = (): void => call.cancel()
    signal.addEventListener('abort', cancel)
    try {
      for await (const wire of call as AsyncIterable<WatchResponse__Output>) {
        const event = jobEventFromWire(wire)
        if (event !== null) yield event
      }
    } catch (error) {
      if (signal.aborted) return
      throw error instanceof WeirError
        ? error
        : this.#channel.explain(error as ServiceError, this.#methods.Watch.path)
    } finally {
      signal.removeEventListener('abort', cancel)
      call.cancel()
    }
  }

  #about(id: string): { header: ReturnType<RpcChannel['header']>; job: string } {
    return { header: this.#channel.header(), job: id }
  }
}
