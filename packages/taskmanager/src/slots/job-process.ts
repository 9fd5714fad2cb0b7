// A job process as its TaskManager sees it: starts it, talks to it, keeps its last words, and ends it. Its end
// is told once, with the best reason that is known: the one the process gave itself, the one it was killed for, or what
// the system says (exit code, signal).

import type { ChildProcess } from 'node:child_process'
import type { Readable } from 'node:stream'
import { ownText } from '@weirjs/common/codec/byte-reader'
import { unreachable } from '@weirjs/common/core/assert'
import type { Scheduler } from '@weirjs/common/core/clock'
import {
  type Failure,
  fromFailure,
  LAST_OUTPUT_LINE_CHARS_MAX,
  LAST_OUTPUT_LINES_MAX,
  toFailure,
  WeirError,
  withLastOutput,
} from '@weirjs/common/core/errors'
import { NO_SECRETS } from '@weirjs/common/core/secrets'
import type { SystemUser } from '@weirjs/common/node/config-values'
import {
  badMessage,
  isAnything,
  isHostEvent,
  isProbeResult,
  isStartResult,
} from './host-event-check.ts'
import { HostEnd, spawnJobNode } from './job-channel.ts'
import type { GroupLimits, JobGroup } from './job-group.ts'
import type { OomRecord } from './kernel-memory.ts'
import { LineSplitter } from './line-splitter.ts'
import { PendingReplies } from './pending-replies.ts'
import { endFamily } from './process-family.ts'
import { Redaction } from './redaction.ts'
import type {
  GroupStart,
  HostCommand,
  HostEvent,
  ProbeResult,
  SlotCommand,
  SlotEvent,
  StartResult,
} from './protocol.ts'

/** What a process has written may be heard after its end; so long is waited for it. */
const LAST_WORDS_MS_MAX = 200
/** A process whose pipes are closed is about to end; code of the job may have closed one, and then it is ended. */
const CLOSED_PIPE_MS_MAX = 3_000

/** What comes from the process itself, past its console, is read in such portions: 12 MiB a second. */
const RAW_BYTES_PER_PAUSE = 256 * 1_024
const RAW_PAUSE_MS = 20

export interface JobProcessOptions {
  /** Slot threads to start ahead. */
  readonly threads: number
  readonly heapBytesMax: number
  readonly env: Readonly<Record<string, string>>
  /** Whom it runs as; null: whom this process does. */
  readonly user: SystemUser | null
  /** Flags of node for the process and its threads. */
  readonly nodeFlags: readonly string[]
  readonly entry: URL
  readonly threadEntry: URL
  readonly scheduler: Scheduler
  /** What the kernel says about memory that ran out; compared when a signal ends the process. */
  readonly oomRecord: (group: string | null) => OomRecord
  /** A control group for it and all that the job's code starts; null: none. */
  readonly group: JobGroup | null
}

export interface JobProcessListener {
  event(slot: number, event: SlotEvent): void
  /** What the process itself (not its threads) wrote. */
  line(stream: 'stdout' | 'stderr', text: string): void
  /** It is gone, unasked. */
  lost(failure: Failure): void
}

export class JobProcess {
  readonly #scheduler: Scheduler
  readonly #child: ChildProcess
  readonly #channel: HostEnd
  readonly #replies = new PendingReplies()
  readonly #lastWords: string[] = []
  readonly #oomRecord: () => OomRecord
  readonly #oomBefore: OomRecord
  readonly #group: JobGroup | null
  /** Settles when the process is gone. */
  readonly exited: Promise<void>
  #listener: JobProcessListener | null = null
  #redaction = new Redaction(NO_SECRETS)
  /** Why it ended or must end; the first reason stays. */
  #reason: Failure | null = null
  /** Why it is killed when it has not ended by itself. */
  #unheard: Failure | null = null
  #closing = false
  #gone = false
  #prepared = false
  #cancelEnd = (): void => {}

  constructor(options: JobProcessOptions) {
    this.#scheduler = options.scheduler
    this.#oomRecord = () => options.oomRecord(options.group?.directory ?? null)
    this.#group = options.group
    this.#child = spawnJobNode({
      entry: options.entry,
      args: [`${options.threads}`, options.threadEntry.href, `${options.heapBytesMax}`],
      nodeFlags: options.nodeFlags,
      env: options.env,
      user: options.user,
    })
    this.#channel = new HostEnd(this.#child, {
      heard: (message) => this.#hear(message),
      nonsense: () => this.distrust(),
      ended: (why) => this.#endLater(why),
      deaf: (why) => this.#giveUp(why),
    })
    this.#child.on('error', (error) => {
      this.#reason ??= toFailure(error, {
        code: 'job/process-lost',
        domain: 'external',
        retry: 'backoff',
      })
    })
    this.exited = new Promise((resolve) => {
      const gone = (code: number | null, signal: string | null): void => {
        this.#onGone(code, signal)
        resolve()
      }
      this.#child.on('exit', (code, signal) => {
        endFamily(this.pid)
        this.#group?.end()
        this.#scheduler.timer(LAST_WORDS_MS_MAX, () => gone(code, signal))
      })
      // Its output has ended too, unless something that it started keeps that open.
      this.#child.on('close', gone)
      this.#child.on('error', () => {
        if (this.#child.pid === undefined) gone(null, null)
      })
    })
    this.#capture('stdout')
    this.#capture('stderr')
    this.#enterGroup()
    // Cannot reject: neither of both does. What the group says of the end has been read by then.
    void this.exited.then(() => this.#group?.remove())
    this.#oomBefore = this.#oomRecord()
  }

  /** 0 when the process could not be started. */
  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** All threads are up: a start will be quick. */
  get prepared(): boolean {
    return this.#prepared
  }

  get gone(): boolean {
    return this.#gone
  }

  /** Of all in its control group; null: it has none. */
  get groupPids(): readonly number[] | null {
    return this.#group?.pids() ?? null
  }

  /** By the kernel, where it has a control group. Error: `job/no-control-group`. */
  limit(limits: GroupLimits): void {
    this.#group?.limit(limits)
  }

  /** Brings the slots up. Rejects with the job's own error when its bundle does not load. */
  start(start: GroupStart, listener: JobProcessListener): Promise<StartResult> {
    this.#listener = listener
    this.#redaction = new Redaction(start.secrets)
    const isAnswer = (ok: unknown): ok is StartResult => isStartResult(ok, start.request.slots)
    return this.#replies.request((id) => this.#send({ type: 'start', id, start }), isAnswer)
  }

  command(slot: number, command: SlotCommand): void {
    if (!this.#gone) this.#send({ type: 'slot', slot, command })
  }

  probe(): Promise<ProbeResult> {
    return this.#replies.request((id) => this.#send({ type: 'probe', id }), isProbeResult)
  }

  /** Ends cooperatively, by SIGKILL after `graceMs`. Resolves when it is gone. */
  async close(graceMs: number): Promise<void> {
    if (this.#gone) return
    this.#closing = true
    const cancel = this.#scheduler.timer(graceMs, () => void endFamily(this.pid))
    // Both outcomes are fine: the process is ending, or gone.
    const noted = (): void => {}
    const answer = this.#replies.request((id) => this.#send({ type: 'close', id }), isAnything)
    void answer.then(noted, noted)
    await this.exited
    cancel()
  }

  /** Ends at once. `lost` will be told with this reason. */
  kill(reason: string, { hint, code = 'job/process-killed' }: KillOptions = {}): void {
    this.end(
      new WeirError(code, reason, {
        domain: 'user',
        retry: 'backoff',
        ...(hint === undefined ? {} : { hint }),
      }),
    )
  }

  /** The same. */
  end(reason: WeirError): void {
    if (this.#gone) return
    this.#reason ??= toFailure(reason)
    endFamily(this.pid)
  }

  /** What it has said cannot be: ends it. */
  distrust(): void {
    this.end(badMessage())
  }

  /** Without the group that it must have it does not live. */
  #enterGroup(): void {
    if (this.#group === null || this.pid === 0) return
    try {
      this.#group.take(this.pid)
    } catch (error) {
      this.#reason ??= toFailure(error)
      endFamily(this.pid)
    }
  }

  #send(command: HostCommand): void {
    try {
      this.#channel.send(command)
    } catch (error) {
      // It would wait for what never comes.
      this.#reason ??= toFailure(error)
      endFamily(this.pid)
    }
  }

  #giveUp(why: string): void {
    if (this.#gone) return
    this.#unheard ??= toFailure(
      new WeirError('job/process-killed', `cannot talk to the job process: ${why}`, {
        domain: 'user',
        retry: 'backoff',
      }),
    )
    endFamily(this.pid)
  }

  /** A pipe breaks before we hear of the process's end, which says more; so do its last words, still on the way. */
  #endLater(why: string): void {
    if (this.#gone) return
    this.#cancelEnd()
    this.#cancelEnd = this.#scheduler.timer(CLOSED_PIPE_MS_MAX, () => this.#giveUp(why))
  }

  #hear(message: unknown): void {
    const isOurs =
      isHostEvent(message) && (message.type !== 'reply' || this.#replies.expects(message))
    if (isOurs) this.#take(this.#redaction.event(message))
    else this.distrust()
  }

  #take(event: HostEvent): void {
    switch (event.type) {
      case 'reply':
        return this.#replies.settle(event)
      case 'prepared':
        this.#prepared = true
        return
      case 'slot':
        if (event.event.type === 'output') this.#keepWords(event.event.lines)
        return this.#listener?.event(event.slot, event.event)
      case 'lost':
        this.#reason ??= event.failure
        return
      default:
        unreachable(event)
    }
  }

  #capture(stream: 'stdout' | 'stderr'): void {
    const splitter = new LineSplitter((said) => {
      const text = this.#redaction.text(said)
      this.#keepWords([{ text }])
      this.#listener?.line(stream, text)
    })
    // Without descriptors for a pipe there is none, whatever its type says.
    const pipe = this.#child[stream] as Readable | null | undefined
    if (pipe === null || pipe === undefined) return
    let allowance = RAW_BYTES_PER_PAUSE
    pipe.on('data', (chunk: Uint8Array) => {
      splitter.write(chunk)
      allowance -= chunk.byteLength
      if (allowance > 0) return
      // Who writes past the console waits for us, and nobody else has to.
      pipe.pause()
      this.#scheduler.timer(RAW_PAUSE_MS, () => {
        allowance = RAW_BYTES_PER_PAUSE
        pipe.resume()
      })
    })
    pipe.on('end', () => splitter.end())
  }

  #keepWords(lines: readonly { readonly text: string }[]): void {
    for (const { text } of lines.slice(-LAST_OUTPUT_LINES_MAX))
      this.#lastWords.push(ownText(text.slice(0, LAST_OUTPUT_LINE_CHARS_MAX)))
    this.#lastWords.splice(0, this.#lastWords.length - LAST_OUTPUT_LINES_MAX)
  }

  #onGone(code: number | null, signal: string | null): void {
    if (this.#gone) return
    this.#gone = true
    this.#cancelEnd()
    const reason = this.#reason ?? this.#describeExit(code, signal)
    const failure = withLastOutput(reason, this.#lastWords)
    this.#replies.end(fromFailure(failure))
    if (!this.#closing) this.#listener?.lost(failure)
  }

  #describeExit(code: number | null, signal: string | null): Failure {
    if (signal !== 'SIGKILL') return describeExit(this.pid, code, signal)
    if (this.#unheard !== null) return this.#unheard
    return describeKill(this.pid, this.#oomBefore, this.#oomRecord())
  }
}

export interface KillOptions {
  readonly hint?: string
  readonly code?: string
}

function describeExit(pid: number, code: number | null, signal: string | null): Failure {
  const how = signal === null ? `exit code ${code}` : `signal ${signal}`
  const crashed =
    signal === null || signal === 'SIGABRT' || signal === 'SIGSEGV' || signal === 'SIGTRAP'
  const error = new WeirError(
    'job/process-lost',
    `the job process (pid ${pid}) ended with ${how}`,
    {
      domain: crashed ? 'user' : 'external',
      retry: crashed ? 'backoff' : 'immediate',
    },
  )
  return toFailure(error)
}

/** Nobody here has sent it: somebody else has, or the kernel, which keeps count. */
function describeKill(pid: number, before: OomRecord, after: OomRecord): Failure {
  const ended = `the job process (pid ${pid}) ended with signal SIGKILL`
  if (before.kills !== null && after.kills !== null && after.kills > before.kills) {
    const error = new WeirError(
      'job/out-of-memory',
      `${ended}: the kernel has ended it, because memory ran out (oom_kill ${before.kills} → ${after.kills} in ${after.source})`,
      { domain: 'user', retry: 'backoff', hint: KERNEL_HINT },
    )
    return toFailure(error)
  }
  const said =
    after.kills === null
      ? 'sent by its own code, by somebody else, or by the kernel because memory ran out, which cannot be read here'
      : `sent by its own code or by somebody else (the kernel has ended nothing for want of memory, says ${after.source})`
  return toFailure(
    new WeirError('job/process-lost', `${ended}, ${said}`, {
      domain: 'external',
      retry: 'immediate',
    }),
  )
}

const KERNEL_HINT =
  'give the container more memory or the TaskManager fewer slots, or lower taskmanager.memory.job-process-max'
