// One subtask of one vertex, from deployment to its end: restore, run, take part in checkpoints, reach the end of data,
// commit, or be canceled, or fail. The task has one writer, itself: whatever comes from outside is a mail, read between
// batches; what takes time (open, commit, close) continues as a mail. How records flow is task-work's matter.
//
// It refuses to decide about the job: it reports, and the JobManager answers with deployments and cancellations.

import { assert } from '@weirjs/common/core/assert'
import { CODE_TASK_NOT_RUNNING } from '@weirjs/common/core/checkpoint/decline-codes'
import { WeirError } from '@weirjs/common/core/errors'
import type {
  DeployRequest,
  TaskDeployment,
  TaskReport,
  TaskStateChange,
} from '@weirjs/common/core/gateways'
import { taskKey } from '@weirjs/common/core/ids'
import type { CheckpointId, TaskId } from '@weirjs/common/core/ids'
import { isProcessing, isTerminal, nextState } from '../core/task-states.ts'
import type { TaskState } from '../core/task-states.ts'
import { failureOf } from '../operators/blame.ts'
import { BusyMeter } from './busy-meter.ts'
import { Mailbox } from './mailbox.ts'
import type { Mail } from './mailbox.ts'
import type { TaskEnvironment } from './task-environment.ts'
import type { LoopTask } from './task-loop.ts'
import { TaskWork } from './task-work.ts'
import { planTask } from './task-wiring.ts'

/** Notices of complete checkpoints that wait for the commit of an earlier one; with more, the oldest is subsumed. */
export const NOTICES_MAX = 100
/** Aborted checkpoints remembered for triggers that come late. */
const ABORTED_MAX = 1_000

interface Notice {
  readonly checkpointId: CheckpointId
  readonly final: boolean
}

export interface TaskOptions {
  readonly env: TaskEnvironment
  readonly request: DeployRequest
  readonly deployment: TaskDeployment
}

export class Task implements LoopTask {
  readonly id: TaskId
  readonly #env: TaskEnvironment
  readonly #options: TaskOptions
  readonly #mailbox: Mailbox
  readonly #meter: BusyMeter
  readonly #wake: () => void
  #state: TaskState = 'created'
  #work: TaskWork | null = null
  /** Opening, restoring; whoever releases waits for it, so that nothing is closed while it is being opened. */
  #opening: Promise<void> = Promise.resolve()
  readonly #notices: Notice[] = []
  #committing = false
  #notifiedId = 0
  readonly #aborted = new Set<number>()
  #released: Promise<void> | null = null
  readonly #ended = Promise.withResolvers<void>()
  #progressTick = 0
  /** As last told. */
  #workLeft: number | null = null

  constructor(options: TaskOptions) {
    this.#env = options.env
    this.#options = options
    this.id = options.deployment.task
    this.#notifiedId = options.deployment.restore?.checkpointId ?? 0
    this.#meter = new BusyMeter(options.env.scheduler.nowMs())
    this.#wake = options.env.loop.add(this)
    this.#mailbox = new Mailbox(this.#wake)
  }

  get state(): TaskState {
    return this.#state
  }

  get terminal(): boolean {
    return isTerminal(this.#state)
  }

  /** The only way in for everybody else. */
  post(mail: Mail): void {
    if (!this.terminal) this.#mailbox.post(mail)
  }

  report(): TaskReport {
    const work = this.#work
    return {
      fence: this.#env.fence,
      task: this.id,
      progressTick: this.#progressTick,
      ...this.#meter.take(this.#env.scheduler.nowMs()),
      recordsIn: work?.recordsIn ?? 0,
      recordsOut: work?.recordsOut ?? 0,
      bytesIn: work?.bytesIn ?? 0,
      bytesOut: work?.bytesOut ?? 0,
      watermark: work?.watermark ?? Number.MIN_SAFE_INTEGER,
      workLeft: this.#lookAtWork(),
    }
  }

  /** Told by the code of a connector, which is not asked before it is open or behind its end; its mistake fails nothing. */
  #lookAtWork(): number | null {
    if (!isProcessing(this.#state)) return this.#workLeft
    try {
      this.#workLeft = this.#work?.workLeft ?? null
    } catch {
      this.#workLeft = null // unknown
    }
    return this.#workLeft
  }

  /** Resolves when the task has ended, whichever way, and holds nothing any more. */
  get ended(): Promise<void> {
    return this.#ended.promise
  }

  // ---- the loop ----

  run(deadlineMs: number): boolean {
    this.#progressTick += 1
    this.#meter.enter('busy', this.#env.scheduler.nowMs())
    let more = false
    try {
      this.#readMails()
      if (isProcessing(this.#state) && this.#work !== null) {
        more = this.#work.run(deadlineMs, this.#state === 'running')
      }
    } catch (error) {
      more = false
      this.#fail(error)
    }
    const stopped = !more && isProcessing(this.#state) && this.#work?.backPressured === true
    this.#meter.enter(
      more ? 'busy' : stopped ? 'back-pressured' : 'idle',
      this.#env.scheduler.nowMs(),
    )
    return more || !this.#mailbox.empty
  }

  get dirty(): boolean {
    return isProcessing(this.#state) && this.#work?.mayFlushEarly === true
  }

  flush(): void {
    this.#work?.flush()
  }

  // ---- mails ----

  #readMails(): void {
    for (const mail of this.#mailbox.takeAll()) {
      if (!this.terminal) this.#read(mail)
    }
  }

  #read(mail: Mail): void {
    switch (mail.type) {
      case 'start':
        this.#start()
        break
      case 'run':
        this.#beginToRun()
        break
      case 'cancel':
        this.#cancel()
        break
      case 'trigger':
        this.#onTrigger(mail)
        break
      case 'complete':
        this.#onComplete(mail)
        break
      case 'aborted':
        this.#onAborted(mail.checkpointId)
        break
      case 'hint':
        if (this.#state === 'running') this.#work?.onHint(mail.operator, mail.subtask)
        break
      case 'fail':
        this.#fail(mail.error)
        break
      case 'resume':
        mail.resume()
        break
    }
  }

  #start(): void {
    this.#move('initializing')
    const plan = planTask(this.#options.request, this.id, this.#env.functions)
    const work = new TaskWork(this.#env, plan, this.#options.deployment.restore, {
      wake: this.#wake,
      post: (mail) => this.post(mail),
      onEndOfData: () => this.#onEndOfData(),
    })
    this.#work = work
    this.#prepare(
      'initializing',
      (stopped) => work.restore(stopped),
      () => {
        this.#move('restored')
        this.#tell({ state: 'restored' })
      },
    )
  }

  /** Said once; its repetitions find the task further on. */
  #beginToRun(): void {
    const work = this.#work
    if (work === null || this.#state !== 'restored') return
    this.#move('opening')
    this.#prepare(
      'opening',
      (stopped) => work.open(stopped),
      () => {
        if (this.#options.deployment.restore?.commitOnly === true) this.#finish()
        else this.#run(work)
      },
    )
  }

  /** One step on the way to running, in the background; `then` when nothing has stopped it. */
  #prepare(
    state: TaskState,
    step: (stopped: () => boolean) => Promise<void>,
    then: () => void,
  ): void {
    const stopped = (): boolean => this.#state !== state
    this.#opening = step(stopped).then(() => {
      if (stopped()) return
      this.#mailbox.post({
        type: 'resume',
        resume: () => {
          if (!stopped()) then()
        },
      })
    })
    this.#background(this.#opening)
  }

  #run(work: TaskWork): void {
    this.#move('running')
    this.#tell({ state: 'running' })
    work.start()
  }

  #onEndOfData(): void {
    this.#move('end-of-data')
    this.#tell({ state: 'end-of-data' })
  }

  #cancel(): void {
    if (this.#state === 'canceling') return
    this.#move('canceling')
    this.#background(
      this.#release().then(() => {
        this.#mailbox.post({
          type: 'resume',
          resume: () => {
            this.#end({ state: 'canceled' })
          },
        })
      }),
    )
  }

  #fail(error: unknown): void {
    if (this.terminal || this.#state === 'canceling') return
    this.#end({ state: 'failed', failure: failureOf(error) })
  }

  /** Reports at once; what a failed task still holds is released behind the report. */
  #end(change: TaskStateChange & { readonly state: 'canceled' | 'finished' | 'failed' }): void {
    this.#move(change.state)
    this.#tell(change)
    this.#env.loop.remove(this)
    // Cannot reject: releasing reports its errors as output.
    void this.#release().then(() => this.#ended.resolve())
  }

  // ---- checkpoints ----

  #onTrigger(mail: Mail & { readonly type: 'trigger' }): void {
    const id = mail.barrier.checkpointId
    const work = this.#work
    if (this.#aborted.has(id)) return
    if (work === null || !isProcessing(this.#state)) {
      const failure = failureOf(
        new WeirError(CODE_TASK_NOT_RUNNING, `task ${taskKey(this.id)} is ${this.#state}`, {
          domain: 'internal',
          retry: 'backoff',
        }),
      )
      const { fence, listener } = this.#env
      listener.decline({ fence, task: this.id, checkpointId: id as CheckpointId, failure })
      return
    }
    work.trigger(mail.barrier, mail.startDelayMs)
  }

  /** Once for each id, rising; one commit after the other. */
  #onComplete(notice: Notice): void {
    if (notice.checkpointId <= this.#notifiedId || !isProcessing(this.#state)) return
    assert(
      !notice.final || this.#state === 'end-of-data',
      'a final checkpoint follows the end of data',
    )
    this.#notifiedId = notice.checkpointId
    if (this.#notices.length >= NOTICES_MAX) this.#notices.shift()
    this.#notices.push(notice)
    if (!this.#committing) this.#commitNext()
  }

  #commitNext(): void {
    // The operators of a task that is ending are being closed: the next attempt commits what it restores.
    if (!isProcessing(this.#state)) return
    const notice = this.#notices.shift()
    const work = this.#work
    if (notice === undefined || work === null) return
    this.#committing = true
    if (notice.final) this.#move('finishing')
    this.#background(
      work.commit(notice.checkpointId).then(() => {
        this.#mailbox.post({
          type: 'resume',
          resume: () => {
            this.#committing = false
            if (notice.final) this.#finish()
            else this.#commitNext()
          },
        })
      }),
    )
  }

  /** Everything is committed. Closing comes first, so that a finished task holds nothing. */
  #finish(): void {
    if (this.#state === 'opening') this.#move('finishing')
    if (this.#state !== 'finishing') return
    this.#background(
      this.#release().then(() => {
        this.#mailbox.post({
          type: 'resume',
          resume: () => {
            if (this.#state === 'finishing') this.#end({ state: 'finished' })
          },
        })
      }),
    )
  }

  #onAborted(id: number): void {
    if (this.#aborted.has(id)) return
    if (this.#aborted.size >= ABORTED_MAX) this.#aborted.delete(Math.min(...this.#aborted))
    this.#aborted.add(id)
    if (isProcessing(this.#state)) this.#work?.onAborted(id)
  }

  // ---- the rest ----

  #release(): Promise<void> {
    this.#released ??= this.#releaseOnce()
    return this.#released
  }

  async #releaseOnce(): Promise<void> {
    const work = this.#work
    work?.disconnect()
    await this.#opening.catch(alreadyFailed)
    const errors = (await work?.close()) ?? []
    for (const error of errors) {
      const { fence, listener } = this.#env
      const text = `while closing task ${taskKey(this.id)}: ${failureOf(error).message}`
      listener.output({ fence, task: this.id, stream: 'stderr', text })
    }
  }

  /** Work whose error fails the task. */
  #background(work: Promise<void>): void {
    work.catch((error: unknown) => this.post({ type: 'fail', error }))
  }

  #move(to: TaskState): void {
    this.#state = nextState(this.#state, to)
  }

  #tell(change: TaskStateChange): void {
    this.#env.listener.taskUpdate({ fence: this.#env.fence, task: this.id, change })
  }
}

/** Whoever awaited it first has reported it. */
const alreadyFailed = (): void => {}
