// A worker's bond with the JobManager: registers, beats, and notices when it breaks. It is in one of three states:
// registering (again and again, with back-off), registered (at most one heartbeat under way), closed. A registration is
// a fresh start on both sides: the JobManager takes what ran here for lost, so whatever still runs is ended before each
// new one. Until the bond is known to be broken, a missed heartbeat or two changes nothing. When this process was itself
// away (paused, starved), the answer may be waiting unread: that time is no silence of the JobManager.

import type { CancelTimer, Scheduler } from '@weirjs/common/core/clock'
import { type Failure, toFailure } from '@weirjs/common/core/errors'
import type {
  CoordinatorGateway,
  HeartbeatReply,
  RegistrationReply,
  TaskReport,
  WorkerRegistration,
} from '@weirjs/common/core/gateways'
import type { Log } from '@weirjs/common/core/log'
import { OwnPause } from '@weirjs/common/core/own-pause'
import type { Prng } from '@weirjs/common/core/prng'
import { isHungUp, isTransient } from './outgoing.ts'

const REGISTER_FIRST_MS = 50
const REGISTER_MAX_MS = 500
/** So often in a row a JobManager may hang up on our certificate before that is taken for its answer. */
export const HUNG_UP_MAX = 10
/** After a failed heartbeat the next one comes sooner than usual, so that a returned JobManager is found quickly. */
const RETRY_HEARTBEAT_MS_MAX = 200

export interface CoordinatorClientOptions {
  readonly gateway: CoordinatorGateway
  readonly registration: WorkerRegistration
  readonly scheduler: Scheduler
  readonly prng: Prng
  readonly log: Log
  /** Samples progress for a heartbeat. */
  readonly reports: () => readonly TaskReport[]
  readonly rssBytes: () => number
  /** Whatever runs here has lost its master. May be called although nothing runs. */
  readonly onMasterLost: (reason: string) => void
  /** The JobManager refuses this worker for good (wrong token, wrong version) before it was ever registered. */
  readonly onRefused: (failure: Failure) => void
}

type State = Registering | Registered | { readonly tag: 'closed' }

interface Registering {
  readonly tag: 'registering'
  readonly tries: number
  /** Tries in a row, the last included, that a JobManager ended when it had seen our certificate. */
  readonly hungUp: number
}

interface Registered {
  readonly tag: 'registered'
  readonly reply: RegistrationReply
  /** When the JobManager last answered; later by what this process was itself away since. */
  readonly contactMs: number
  readonly ownPause: OwnPause
}

const FIRST: Registering = { tag: 'registering', tries: 0, hungUp: 0 }

export class CoordinatorClient {
  readonly #options: CoordinatorClientOptions
  #state: State = FIRST
  #timer: CancelTimer | null = null
  #looking: CancelTimer | null = null
  #ever = false
  /** A heartbeat is under way … */
  #beating = false
  /** … and another is wanted behind it. */
  #again = false
  /** The heartbeat was not taken as it is: the next one says no more than that this worker lives. */
  #bare = false
  /** Heartbeats with reports are not taken, and the log says so. */
  #reportsRefused = false

  constructor(options: CoordinatorClientOptions) {
    this.#options = options
  }

  start(): void {
    this.#register()
  }

  get registered(): boolean {
    return this.#state.tag === 'registered'
  }

  /** The connection is known to be broken: the JobManager has ended, or takes this worker for lost by now. */
  connectionLost(reason: string): void {
    if (this.#state.tag !== 'registered') return
    this.#options.log.warn({ reason }, 'lost the JobManager')
    this.#registerAnew(`the connection to the JobManager broke: ${reason}`)
  }

  /** Says good-bye; the JobManager moves the tasks at once. */
  async close(reason: string): Promise<void> {
    const before = this.#state.tag
    this.abandon()
    if (before !== 'registered') return
    try {
      await this.#options.gateway.unregister(this.#options.registration.workerId, reason)
    } catch (error) {
      this.#options.log.info(
        { reason: toFailure(error).message },
        'could not say good-bye to the JobManager',
      )
    }
  }

  /** Stops without a word. */
  abandon(): void {
    this.#state = { tag: 'closed' }
    this.#stopTimers()
  }

  #stopTimers(): void {
    this.#timer?.()
    this.#looking?.()
  }

  #after(delayMs: number, fn: () => void): void {
    this.#timer?.()
    this.#timer = this.#options.scheduler.timer(delayMs, fn)
  }

  // ---- registering ----

  #register(): void {
    // Cannot reject: both outcomes are handled.
    void this.#options.gateway.register(this.#options.registration).then(
      (reply) => this.#accepted(reply),
      (error: unknown) => this.#notAccepted(error),
    )
  }

  #registerAnew(reason: string): void {
    // Before the call: the JobManager may fill our slots before we have its answer.
    this.#options.onMasterLost(reason)
    this.#state = FIRST
    this.#stopTimers()
    this.#register()
  }

  #accepted(reply: RegistrationReply): void {
    if (this.#state.tag !== 'registering') return
    this.#ever = true
    const ownPause = new OwnPause(reply.heartbeatIntervalMs)
    const contactMs = this.#options.scheduler.nowMs()
    this.#state = { tag: 'registered', reply, contactMs, ownPause }
    this.#options.log.info({ coordinatorId: reply.coordinatorId }, 'registered at the JobManager')
    this.#after(reply.heartbeatIntervalMs, () => this.#beat())
    this.#lookEachInterval()
  }

  #notAccepted(error: unknown): void {
    const state = this.#state
    if (state.tag !== 'registering') return
    const failure = toFailure(error, { code: 'rpc/failed', domain: 'internal', retry: 'backoff' })
    const hungUp = isHungUp(error) ? state.hungUp + 1 : 0
    if (!this.#ever && (!isTransient(error) || hungUp > HUNG_UP_MAX)) {
      this.#state = { tag: 'closed' }
      this.#options.onRefused(failure)
      return
    }
    if (state.tries === 0) {
      this.#options.log.warn(
        { code: failure.code, reason: failure.message },
        'JobManager not reachable',
      )
    }
    const ceiling = Math.min(REGISTER_FIRST_MS * 2 ** Math.min(state.tries, 10), REGISTER_MAX_MS)
    this.#state = { ...state, tries: state.tries + 1, hungUp }
    this.#after(ceiling * (0.5 + this.#options.prng.float() / 2), () => {
      // The failed call may have been heard all the same, and have brought us work that nobody counts on any more.
      this.#options.onMasterLost('registering again')
      this.#register()
    })
  }

  // ---- registered ----

  /** Beside the beats: one that is under way says nothing about the time that this process was there to be answered. */
  #lookEachInterval(): void {
    const state = this.#state
    if (state.tag !== 'registered') return
    this.#state = this.#forgiving(state)
    const again = (): void => this.#lookEachInterval()
    this.#looking = this.#options.scheduler.timer(state.reply.heartbeatIntervalMs, again)
  }

  #forgiving(state: Registered): Registered {
    const nowMs = this.#options.scheduler.nowMs()
    const awayMs = state.ownPause.look(nowMs)
    if (awayMs === 0) return state
    return { ...state, contactMs: Math.min(nowMs, state.contactMs + awayMs) }
  }

  /** There is news in the reports: beats now, or right after the beat that is under way. */
  beatNow(): void {
    if (this.#state.tag !== 'registered') return
    if (this.#beating) this.#again = true
    else this.#after(0, () => this.#beat())
  }

  #beat(): void {
    const state = this.#state
    if (state.tag !== 'registered') return
    this.#beating = true
    this.#again = false
    // Cannot reject: both outcomes are handled.
    void this.#sendBeat(state.reply.coordinatorId).then(
      (reply) => this.#answered(reply),
      (error: unknown) => this.#unanswered(error),
    )
  }

  /** Async, so that reports that cannot be made reject like reports that cannot be sent. */
  async #sendBeat(coordinatorId: string): Promise<HeartbeatReply> {
    const { gateway, registration, reports, rssBytes } = this.#options
    return gateway.heartbeat({
      workerId: registration.workerId,
      coordinatorId,
      tasks: this.#bare ? [] : reports(),
      rssBytes: rssBytes(),
    })
  }

  #answered(reply: HeartbeatReply): void {
    const state = this.#state
    this.#beating = false
    if (!this.#bare) this.#reportsRefused = false
    this.#bare = false
    if (state.tag !== 'registered') return
    switch (reply) {
      case 'ok':
        this.#state = { ...state, contactMs: this.#options.scheduler.nowMs() }
        this.#after(this.#again ? 0 : state.reply.heartbeatIntervalMs, () => this.#beat())
        return
      case 'unknown-worker':
        this.#registerAnew('the JobManager does not know this worker any more')
        return
    }
  }

  #unanswered(error: unknown): void {
    this.#beating = false
    if (this.#state.tag !== 'registered') return
    const state = this.#forgiving(this.#state)
    this.#state = state
    if (!isTransient(error)) this.#doWithoutReports(error)
    const { heartbeatIntervalMs, heartbeatTimeoutMs } = state.reply
    const silentMs = this.#options.scheduler.nowMs() - state.contactMs
    if (silentMs < heartbeatTimeoutMs) {
      this.#after(Math.min(heartbeatIntervalMs, RETRY_HEARTBEAT_MS_MAX), () => this.#beat())
      return
    }
    const failure = toFailure(error)
    this.#options.log.warn({ code: failure.code, reason: failure.message }, 'lost the JobManager')
    this.#registerAnew(`the JobManager has been silent for ${Math.round(silentMs)} ms`)
  }

  /**
   * The way was not blocked: the heartbeat could not be made, or was refused. When its reports are to blame, this
   * worker is well all the same; when the JobManager refuses the bare one too, that counts as silence.
   */
  #doWithoutReports(error: unknown): void {
    this.#bare = true
    if (this.#reportsRefused) return
    this.#reportsRefused = true
    const failure = toFailure(error)
    this.#options.log.warn(
      { code: failure.code, reason: failure.message },
      'heartbeat refused, beating without reports of tasks',
    )
  }
}
