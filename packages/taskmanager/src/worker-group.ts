// The slots that one job attempt holds on this worker, and the tasks in them, as the control side knows them: started
// once, used, ended once. Whatever way it ends, nothing comes out of it afterwards.

import type {
  SlotEndpoint,
  SlotRequest,
  TaskDeployment,
  TaskReport,
  TaskUpdate,
} from '@weirjs/common/core/gateways'
import { WeirError } from '@weirjs/common/core/errors'
import { type Fence, type TaskId, taskKey } from '@weirjs/common/core/ids'
import type { Slot, SlotGroup } from './slots/slot.ts'

type TaskState = 'deployed' | TaskUpdate['change']['state']

interface KnownTask {
  readonly task: TaskId
  readonly slot: number
  state: TaskState
}

type Phase =
  | { readonly tag: 'starting' }
  | {
      readonly tag: 'running'
      readonly group: SlotGroup
      readonly slots: ReadonlyMap<number, Slot>
    }
  | { readonly tag: 'ended'; readonly reason: string }

const isOver = (state: TaskState): boolean =>
  state === 'finished' || state === 'canceled' || state === 'failed'

export class WorkerGroup {
  readonly request: SlotRequest
  /** Settles as `allocate` is to be answered; the same for every repetition of the call. */
  readonly started: Promise<readonly SlotEndpoint[]>
  readonly #tasks = new Map<string, KnownTask>()
  #phase: Phase = { tag: 'starting' }

  /** `start` brings the slots up; a group that has ended meanwhile is closed as soon as it is there. */
  constructor(request: SlotRequest, start: () => Promise<SlotGroup>) {
    this.request = request
    this.started = this.#start(start)
  }

  get fence(): Fence {
    return this.request.fence
  }

  get ended(): boolean {
    return this.#phase.tag === 'ended'
  }

  get running(): boolean {
    return this.#phase.tag === 'running'
  }

  async #start(start: () => Promise<SlotGroup>): Promise<readonly SlotEndpoint[]> {
    const group = await start()
    const phase = this.#phase
    if (phase.tag === 'ended') {
      group.kill(phase.reason)
      throw new WeirError(
        'worker/slots-released',
        `the slots were given back while they started: ${phase.reason}`,
        {
          domain: 'internal',
          retry: 'backoff',
        },
      )
    }
    const slots = new Map(group.slots.map((slot) => [slot.endpoint.slot, slot]))
    this.#phase = { tag: 'running', group, slots }
    return group.slots.map((slot) => slot.endpoint)
  }

  /** Tells every running slot; nothing when there is none. */
  eachSlot(fn: (slot: Slot) => void): void {
    if (this.#phase.tag === 'running') for (const slot of this.#phase.slots.values()) fn(slot)
  }

  slot(index: number): Slot | null {
    return this.#phase.tag === 'running' ? (this.#phase.slots.get(index) ?? null) : null
  }

  reports(): TaskReport[] {
    const reports: TaskReport[] = []
    this.eachSlot((slot) => reports.push(...slot.report()))
    return reports
  }

  // ---- tasks ----

  /** Those of `tasks` that are new here; they are known from now on. */
  addTasks(tasks: readonly TaskDeployment[]): readonly TaskDeployment[] {
    const fresh = tasks.filter(({ task }) => !this.#tasks.has(taskKey(task)))
    for (const { task, slot } of fresh) {
      this.#tasks.set(taskKey(task), { task, slot, state: 'deployed' })
    }
    return fresh
  }

  /** Tasks that have ever come. */
  get taskCount(): number {
    return this.#tasks.size
  }

  /**
   * Nothing will come of it any more: there is no task, or every one was canceled or has failed. One that has finished may be
   * waited for: its job ends only when the final checkpoint is committed everywhere.
   */
  get idle(): boolean {
    return [...this.#tasks.values()].every(
      ({ state }) => state === 'canceled' || state === 'failed',
    )
  }

  knows(task: TaskId): boolean {
    return this.#tasks.has(taskKey(task))
  }

  /** Calls `tell` for each running slot that has some of `tasks`, with those. */
  eachSlotOf(tasks: readonly TaskId[], tell: (slot: Slot, tasks: readonly TaskId[]) => void): void {
    const bySlot = Map.groupBy(tasks, (task) => this.#tasks.get(taskKey(task))?.slot)
    for (const [index, own] of bySlot) {
      const slot = index === undefined ? null : this.slot(index)
      if (slot !== null) tell(slot, own)
    }
  }

  /** The running slot that carries a task; null when there is none. */
  slotOf(task: TaskId): Slot | null {
    const known = this.#tasks.get(taskKey(task))
    return known === undefined ? null : this.slot(known.slot)
  }

  /** True when it is news of a task. */
  noteUpdate(update: TaskUpdate): boolean {
    const known = this.#tasks.get(taskKey(update.task))
    if (known === undefined || isOver(known.state)) return false
    known.state = update.change.state
    return true
  }

  /** Those of `tasks` that have not come to an end. */
  alive(tasks?: readonly TaskId[]): readonly TaskId[] {
    const wanted = tasks === undefined ? null : new Set(tasks.map(taskKey))
    return [...this.#tasks.values()]
      .filter(({ task, state }) => !isOver(state) && (wanted === null || wanted.has(taskKey(task))))
      .map(({ task }) => task)
  }

  // ---- the end ----

  /** It ended by itself, or never came up. */
  noteLost(reason: string): void {
    if (this.#phase.tag !== 'ended') this.#phase = { tag: 'ended', reason }
  }

  /** Ends cooperatively, by force after `graceMs`. */
  async close(reason: string, graceMs: number): Promise<void> {
    const phase = this.#phase
    if (phase.tag === 'ended') return
    this.#phase = { tag: 'ended', reason }
    if (phase.tag === 'running') await phase.group.close(graceMs)
  }

  /** Ends at once and silently: nobody wants to hear of it. */
  abandon(reason: string): void {
    const phase = this.#phase
    this.noteLost(reason)
    if (phase.tag === 'running') phase.group.kill(reason)
  }

  /** The watchdog's way: the group reports its own loss through onLost. */
  kill(reason: string): void {
    if (this.#phase.tag === 'running') this.#phase.group.kill(reason)
  }
}
