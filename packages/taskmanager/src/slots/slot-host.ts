// The production slot host: each job attempt gets a process of its own with a thread per slot (D8), so that one job's
// heap, globals and crashes stay its own. It never loads user code. Optionally one process is started ahead of time, so
// that a submit does not wait for a Node to boot.

import type { Scheduler } from '@weirjs/common/core/clock'
import { type Failure, toFailure, WeirError } from '@weirjs/common/core/errors'
import type {
  SlotEndpoint,
  SlotRequest,
  TaskReport,
  TriggerRequest,
} from '@weirjs/common/core/gateways'
import type { BundleHash, Fence, JobId, WorkerId } from '@weirjs/common/core/ids'
import type { Log } from '@weirjs/common/core/log'
import { NO_SECRETS, type SecretValues } from '@weirjs/common/core/secrets'
import { isOf, plainReport } from './host-event-check.ts'
import type { JobGroups } from './job-groups.ts'
import { JobProcess } from './job-process.ts'
import { JOB_PROCESS_ENTRY, NODE_FLAGS, SLOT_THREAD_ENTRY } from './job-node.ts'
import type { JobUser } from './job-user.ts'
import { offerToKernel, oomRecord, type OomRecord } from './kernel-memory.ts'
import { MemoryWatch } from './memory-watch.ts'
import { JOB_PROCESSES_MAX, ProcessFamily } from './process-family.ts'
import type { GroupStart, PortRange, SlotCommand, SlotEvent } from './protocol.ts'
import { PROGRESS_TIMEOUT_MS, SlotWatch } from './slot-watch.ts'
import type { Slot, SlotGroup, SlotHost, SlotListener } from './slot.ts'

export interface ProcessHostOptions {
  readonly workerId: WorkerId
  /** Slots of the worker: threads that a prepared process holds. */
  readonly slots: number
  /** Path of the checked bundle on this machine; fetches it when needed. */
  readonly bundlePath: (jobId: JobId, hash: BundleHash) => Promise<string>
  /** Directory of the package that answers `weirjs` and `@weirjs/*` in bundles. */
  readonly runtimeRoot: string
  readonly checkpointDirectory: string
  readonly bindHost: string
  readonly advertisedHost: string
  readonly dataPorts: PortRange
  /** Slots of different processes talk by TLS. Default: not. */
  readonly encrypted?: boolean
  /** Heap limit of one slot thread. */
  readonly heapBytesMax: number
  /** Resident memory that a job process with so many slots may have. */
  readonly jobProcessBytesMax: (slots: number) => number
  /** Processes that the code of a job may have started at a time. Default: JOB_PROCESSES_MAX. */
  readonly processesMax?: number
  /** Whom job processes run as. Default: whom this process does. */
  readonly user?: JobUser | null
  /** Control groups, one for each job process. Default: none. */
  readonly groups?: Pick<JobGroups, 'next'> | null
  /** Environment of job processes, complete. */
  readonly env: Readonly<Record<string, string>>
  /** What this machine holds for jobs; asked for each attempt. Default: nothing. */
  readonly secrets?: () => SecretValues
  /** Keep one process started ahead. */
  readonly prepare: boolean
  readonly reportIntervalMs: number
  /** Of SlotWatch; null: no limit. Default: PROGRESS_TIMEOUT_MS. */
  readonly progressTimeoutMs?: number | null
  readonly scheduler: Scheduler
  readonly log: Log
  /** Default: START_MS_MAX. */
  readonly startMsMax?: number
  /** Other than the system's: for tests, and for a system that does not say. */
  readonly residentBytes?: (pid: number) => number | null
  readonly oomRecord?: (group: string | null) => OomRecord
  /** Other than the real slots: for tests. */
  readonly threadEntry?: URL
}

/** Quiet time after a start, the worker's own or a job's, before a process is prepared: what was asked for goes first. */
export const PREPARE_AFTER_MS = 1_000

/** A job that is not loaded by then never will be; the JobManager waits longer, so it hears why. */
const START_MS_MAX = 45_000

const PROGRESS_HINT =
  'do long work in pieces or in a step of its own that awaits, or raise task.progress.timeout'
const MEMORY_HINT =
  'keep less in memory (Buffers count, which the heap limit does not), give the job more slots, or raise taskmanager.memory.job-process-max'

/** A process at work, for those who measure it. */
export interface JobProcessView {
  readonly pid: number
  readonly jobId: JobId
  readonly jobName: string
  /** Resident memory that it may have. */
  readonly memoryBytesMax: number
}

export class ProcessSlotHost implements SlotHost {
  readonly #options: ProcessHostOptions
  readonly #inUse = new Map<JobProcess, Omit<JobProcessView, 'pid'>>()
  #spare: JobProcess | null = null
  #cancelPrepare = (): void => {}
  #closed = false

  constructor(options: ProcessHostOptions) {
    this.#options = options
    this.#prepareLater()
  }

  async start(request: SlotRequest, listener: SlotListener): Promise<ProcessSlotGroup> {
    const process = this.#takeProcess(request)
    const group = new ProcessSlotGroup(request, process, listener, this.#options)
    // Cannot reject: `exited` never does.
    void process.exited.then(() => this.#inUse.delete(process))
    try {
      await this.#options.user?.admit(request.fence.jobId)
      const bundlePath = await this.#options.bundlePath(request.fence.jobId, request.bundle)
      const started = group.start(this.#groupStart(request, bundlePath))
      await this.#within(started, process)
      return group
    } catch (error) {
      group.kill('its start failed')
      throw error
    } finally {
      this.#prepareLater()
    }
  }

  /** A module that waits for ever, or loops, while it loads: nobody could end it otherwise. */
  async #within(started: Promise<void>, process: JobProcess): Promise<void> {
    const { scheduler, startMsMax = START_MS_MAX } = this.#options
    const cancelTimer = scheduler.timer(startMsMax, () =>
      process.kill(`the job's module was not loaded within ${startMsMax} ms`),
    )
    try {
      await started
    } finally {
      cancelTimer()
    }
  }

  get jobProcesses(): readonly JobProcessView[] {
    return [...this.#inUse].map(([process, own]) => ({ pid: process.pid, ...own }))
  }

  get pids(): { readonly inUse: readonly number[]; readonly spare: number | null } {
    return {
      inUse: this.jobProcesses.map(({ pid }) => pid),
      spare: this.#spare?.pid ?? null,
    }
  }

  /** The prepared process is up. */
  get prepared(): boolean {
    return this.#spare?.prepared ?? false
  }

  /** Ends the prepared process, and every other one that was not closed before. */
  close(): void {
    this.#closed = true
    this.#cancelPrepare()
    this.#spare?.kill('the worker ends')
    for (const process of this.#inUse.keys()) process.kill('the worker ends')
  }

  #takeProcess({ slots, fence, jobName }: SlotRequest): JobProcess {
    const spare = this.#spare
    this.#spare = null
    const process = spare === null || spare.gone ? this.#spawn(slots.length) : spare
    const memoryBytesMax = this.#options.jobProcessBytesMax(slots.length)
    this.#inUse.set(process, { jobId: fence.jobId, jobName, memoryBytesMax })
    return process
  }

  #spawn(threads: number): JobProcess {
    const { env, heapBytesMax, scheduler, log, user = null } = this.#options
    const process = new JobProcess({
      threads,
      heapBytesMax,
      env,
      user,
      scheduler,
      nodeFlags: NODE_FLAGS,
      entry: JOB_PROCESS_ENTRY,
      threadEntry: this.#options.threadEntry ?? SLOT_THREAD_ENTRY,
      oomRecord: this.#options.oomRecord ?? ((group) => oomRecord({ group })),
      group: this.#options.groups?.next() ?? null,
    })
    if (!offerToKernel(process.pid))
      log.debug({ jobProcess: process.pid }, 'the kernel cannot be told to end this process first')
    return process
  }

  #prepareSpare(): void {
    if (this.#closed || (this.#spare !== null && !this.#spare.gone)) return
    this.#spare = this.#spawn(this.#options.slots)
    this.#options.log.debug({ jobProcess: this.#spare.pid }, 'job process prepared')
  }

  #prepareLater(): void {
    if (!this.#options.prepare || this.#closed) return
    this.#cancelPrepare()
    this.#cancelPrepare = this.#options.scheduler.timer(PREPARE_AFTER_MS, () =>
      this.#prepareSpare(),
    )
  }

  #groupStart(request: SlotRequest, bundlePath: string): GroupStart {
    const o = this.#options
    return {
      request,
      bundlePath,
      workerId: o.workerId,
      runtimeRoot: o.runtimeRoot,
      checkpointDirectory: o.checkpointDirectory,
      bindHost: o.bindHost,
      advertisedHost: o.advertisedHost,
      dataPorts: o.dataPorts,
      encrypted: o.encrypted ?? false,
      confined: (o.user ?? null) !== null,
      reportIntervalMs: o.reportIntervalMs,
      secrets: o.secrets?.() ?? NO_SECRETS,
    }
  }
}

/** The slots of one job attempt in one process. */
export class ProcessSlotGroup implements SlotGroup {
  readonly fence: Fence
  readonly #numbers: readonly number[]
  readonly #process: JobProcess
  readonly #listener: SlotListener
  readonly #options: ProcessHostOptions
  readonly #reports = new Map<number, readonly TaskReport[]>()
  #slots: readonly Slot[] = []
  #onLost: ((failure: Failure) => void) | null = null
  #lost: Failure | null = null
  #progress: SlotWatch | null = null
  #memory: MemoryWatch | null = null

  constructor(
    request: SlotRequest,
    process: JobProcess,
    listener: SlotListener,
    options: ProcessHostOptions,
  ) {
    this.fence = request.fence
    this.#numbers = request.slots
    this.#process = process
    this.#listener = listener
    this.#options = options
  }

  get slots(): readonly Slot[] {
    return this.#slots
  }

  get pid(): number {
    return this.#process.pid
  }

  /** Used by the host, once. */
  async start(start: GroupStart): Promise<void> {
    const { slots } = start.request
    this.#memory = this.#watchMemory(slots)
    const result = await this.#process.start(start, {
      event: (slot, event) => this.#take(slot, event),
      line: (stream, text) => this.#print(stream, text),
      lost: (failure) => this.#end(failure),
    })
    this.#slots = result.endpoints.map((endpoint) => this.#slot(endpoint))
    // It may be gone already; then nobody is watched.
    if (this.#lost === null) this.#progress = this.#watchProgress(slots)
  }

  #watchProgress(slots: readonly number[]): SlotWatch {
    const { scheduler, progressTimeoutMs = PROGRESS_TIMEOUT_MS } = this.#options
    return new SlotWatch({
      slots,
      probe: () => this.#process.probe(),
      scheduler,
      tell: (text) => this.#warn(text),
      progressTimeoutMs,
      onStuck: (reason) => this.#process.kill(reason, { hint: PROGRESS_HINT }),
    })
  }

  /** From the beginning: a module may fill memory while it loads. */
  #watchMemory(slots: readonly number[]): MemoryWatch {
    const { scheduler, jobProcessBytesMax, residentBytes: read } = this.#options
    const { processesMax = JOB_PROCESSES_MAX } = this.#options
    const limitBytes = jobProcessBytesMax(slots.length)
    this.#process.limit({ memoryBytes: limitBytes, processesMax, slots: this.#options.slots })
    const family = new ProcessFamily(this.pid, processesMax, () => this.#process.groupPids)
    const name = `the job process (pid ${this.pid}, slot ${slots.join(', ')})`
    return new MemoryWatch({
      limitBytes,
      slots,
      residentBytes: () => (read === undefined ? family.residentBytes() : read(this.pid)),
      processes: () => family.count,
      processesMax,
      probe: () => this.#process.probe(),
      scheduler,
      tell: (text) => this.#warn(text),
      onTooMuch: (reason) =>
        this.#process.kill(`${name} ${reason}`, { hint: MEMORY_HINT, code: 'job/out-of-memory' }),
      onTooMany: (reason) =>
        this.#process.end(
          new WeirError('job/too-many-processes', `${name} ${reason}`, {
            domain: 'user',
            retry: 'backoff',
            hint: 'wait for the end of what the job starts, or raise taskmanager.job-process.processes-max',
          }),
        ),
    })
  }

  #warn(text: string): void {
    this.#options.log.warn({ ...this.fence, jobProcess: this.pid }, text)
    this.#print('stderr', text)
  }

  #stopWatches(): void {
    this.#progress?.stop()
    this.#memory?.stop()
  }

  onLost(callback: (failure: Failure) => void): void {
    this.#onLost = callback
    if (this.#lost !== null) callback(this.#lost)
  }

  /** The job's code may still run for as long as that, and fill memory. */
  async close(graceMs: number): Promise<void> {
    this.#progress?.stop()
    await this.#process.close(graceMs)
    this.#memory?.stop()
  }

  kill(reason: string): void {
    this.#process.kill(reason)
  }

  #end(failure: Failure): void {
    this.#lost = failure
    this.#stopWatches()
    this.#reports.clear()
    this.#onLost?.(failure)
  }

  #print(stream: 'stdout' | 'stderr', text: string): void {
    this.#listener.output({ fence: this.fence, task: null, stream, text })
  }

  #take(slot: number, event: SlotEvent): void {
    if (!this.#numbers.includes(slot) || !isOf(this.fence, event)) return this.#process.distrust()
    switch (event.type) {
      case 'task-update':
        return this.#listener.taskUpdate(event.update)
      case 'acknowledge':
        return this.#listener.acknowledge(event.ack)
      case 'decline':
        return this.#listener.decline(event.decline)
      case 'output':
        return event.lines.forEach((line) => this.#listener.output(line))
      case 'report':
        this.#reports.set(slot, event.tasks.map(plainReport))
    }
  }

  /** What fails here fails the checkpoint, where its tasks find no directory that they may write to. */
  #prepared({ fence, checkpointId }: TriggerRequest, tell: () => void): void {
    const prepared = this.#options.user?.prepare(fence.jobId, checkpointId)
    if (prepared === undefined) return tell()
    void prepared.catch((error: unknown) => this.#warn(toFailure(error).message)).then(tell)
  }

  #slot(endpoint: SlotEndpoint): Slot {
    const tell = (command: SlotCommand): void => this.#process.command(endpoint.slot, command)
    return {
      endpoint: { ...endpoint, workerId: this.#options.workerId },
      deploy: (request) => tell({ type: 'deploy', request }),
      run: (request) => tell({ type: 'run', request }),
      cancel: (request) => tell({ type: 'cancel', request }),
      trigger: (request) => this.#prepared(request, () => tell({ type: 'trigger', request })),
      notifyComplete: (notice) => tell({ type: 'notify-complete', notice }),
      notifyAborted: (notice) => tell({ type: 'notify-aborted', notice }),
      // The last one that the slot pushed: nobody waits for a loop that user code may block.
      report: () => this.#reports.get(endpoint.slot) ?? [],
      close: async () => {},
    }
  }
}
