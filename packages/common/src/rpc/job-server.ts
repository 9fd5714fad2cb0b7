// The JobManager's door for clients: JobClient over gRPC, receiving end. A bundle is gathered here, within its limit,
// and passed on only when it is what its hash says. A watcher is fed through a bounded buffer, so that a terminal that
// was stopped costs the JobManager a few megabytes and never its pace.

import { createHash } from 'node:crypto'

import type { handleUnaryCall } from '@grpc/grpc-js'

import { AssertionFailed } from '../core/assert.ts'
import { fromFailure, toFailure, WeirError } from '../core/errors.ts'
import type { JobClient, JobEventView, SubmitRequest } from '../job-client.ts'
import { refuse, required, text } from './check.ts'
import { callerFromWire } from './convert.ts'
import {
  BUNDLE_BYTES_MAX,
  checkpointToWire,
  clusterToWire,
  detailToWire,
  submitHeadFromWire,
  type SubmitPreamble,
  summaryToWire,
  workerToWire,
} from './convert-job.ts'
import { jobEventToWire } from './convert-watch.ts'
import type { Header__Output } from './gen/weir/v1/Header.ts'
import type { JobServiceHandlers } from './gen/weir/v1/JobService.ts'
import type { SubmitRequest__Output } from './gen/weir/v1/SubmitRequest.ts'
import type { WatchResponse } from './gen/weir/v1/WatchResponse.ts'
import { wireServices } from './load-proto.ts'
import { clientStream, serverStream, type ServiceBinding, unary } from './serve.ts'
import { unavailable } from './status.ts'
import { WatchBuffer } from './watch-buffer.ts'

const JOB_CHARS_MAX = 64
const WORKER_CHARS_MAX = 255

/** To be served by `serve`. */
export function jobService(client: JobClient): ServiceBinding {
  const closing = new AbortController()
  const handlers: JobServiceHandlers = {
    Submit: clientStream((requests) =>
      plainly(async () => ({ jobId: await client.submit(await gather(requests)) })),
    ),
    List: ask(async () => ({ jobs: (await client.list()).map(summaryToWire) })),
    Describe: ask(async (request) => detailToWire(await client.describe(jobOf(request)))),
    Checkpoints: ask(async (request) => ({
      checkpoints: (await client.checkpoints(jobOf(request))).map(checkpointToWire),
    })),
    Cancel: ask(async (request) => {
      await client.cancel(jobOf(request))
      return {}
    }),
    TriggerCheckpoint: ask(async (request) => ({
      checkpoint: checkpointToWire(await client.triggerCheckpoint(jobOf(request))),
    })),
    Workers: ask(async () => ({ workers: (await client.workers()).map(workerToWire) })),
    DrainWorker: ask(async ({ worker, draining }) => {
      const id = text(worker, 'worker', 1, WORKER_CHARS_MAX)
      return { worker: workerToWire(await client.drainWorker(id, draining)) }
    }),
    Cluster: ask(async () => clusterToWire(await client.cluster())),
    JobDefaults: ask(async () => ({
      defaults: (await client.jobDefaults()).map((one) => ({ ...one })),
    })),
    Watch: serverStream((request, signal) => watch(client, jobOf(request), signal, closing.signal)),
  }
  return {
    definition: wireServices().job,
    handlers,
    callers: ['client'],
    close: () => closing.abort(),
  }
}

/** `unary`, for strangers to this process. */
function ask<Request extends { readonly header: Header__Output | null }, Response>(
  run: (request: Request) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  return unary((request: Request) => plainly(() => run(request)))
}

async function plainly<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    throw withoutStack(error)
  }
}

/**
 * Stacks of this process are about its files, and nobody else's business. What went wrong in a job's own code is part of
 * answers, and keeps its own.
 */
function withoutStack(error: unknown): unknown {
  if (error instanceof AssertionFailed) return error
  const failure = toFailure(error, { code: 'rpc/internal', domain: 'internal', retry: 'never' })
  return fromFailure({ ...failure, stack: `${failure.code}: ${failure.message}` })
}

/** Job id or prefix, as a person names it. */
function jobOf(request: { readonly job: string }): string {
  return text(request.job, 'job', 1, JOB_CHARS_MAX)
}

async function gather(requests: AsyncIterable<SubmitRequest__Output>): Promise<SubmitRequest> {
  let head: SubmitPreamble | null = null
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const { header, part, head: wireHead, chunk } of requests) {
    callerFromWire(header)
    if (part === 'head') {
      if (head !== null) refuse('head', 'came twice')
      head = submitHeadFromWire(required(wireHead, 'head'))
    } else {
      const piece = required(chunk, 'head or chunk')
      bytes += piece.length
      if (bytes > (head?.bundleBytes ?? 0)) throw mismatch('has more bytes than were announced')
      chunks.push(piece)
    }
  }
  const { request, bundleBytes } = required(head, 'head')
  if (bytes !== bundleBytes) throw mismatch(`has ${bytes} of ${bundleBytes} bytes`)
  const bundle = Buffer.concat(chunks)
  if (createHash('sha256').update(bundle).digest('hex') !== request.bundleHash) {
    throw mismatch('does not have the hash that was announced')
  }
  return { ...request, bundle }
}

function mismatch(what: string): WeirError {
  return new WeirError(
    'job/bundle-mismatch',
    `the bundle ${what} (at most ${BUNDLE_BYTES_MAX} are allowed)`,
    {
      domain: 'user',
      retry: 'never',
    },
  )
}

/** A watch that ends because this process does ends with an error: its job has not ended. */
async function* watch(
  client: JobClient,
  job: string,
  gone: AbortSignal,
  closing: AbortSignal,
): AsyncGenerator<WatchResponse> {
  const buffer = new WatchBuffer()
  const over = new AbortController()
  const stop = (): void => {
    buffer.end(closing.aborted ? unavailable('the JobManager is closing') : null)
    over.abort()
  }
  gone.addEventListener('abort', stop)
  closing.addEventListener('abort', stop)
  // Cannot reject: what goes wrong ends the buffer.
  void feed(buffer, () => client.watch(job, over.signal))
  try {
    for await (const event of buffer) yield jobEventToWire(event)
  } finally {
    gone.removeEventListener('abort', stop)
    closing.removeEventListener('abort', stop)
    over.abort()
  }
}

async function feed(
  buffer: WatchBuffer,
  watching: () => AsyncIterable<JobEventView>,
): Promise<void> {
  try {
    for await (const event of watching()) buffer.push(event)
    buffer.end()
  } catch (error) {
    buffer.end(withoutStack(error))
  }
}
