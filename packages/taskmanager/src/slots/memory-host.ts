// A slot host without slots: it runs nothing and notes what it is told. The memory version of SlotHost, for tests of
// the control side.

import { toFailure, WeirError } from '@weirjs/common/core/errors'
import type { Failure } from '@weirjs/common/core/errors'
import type { SlotRequest, TaskReport } from '@weirjs/common/core/gateways'
import type { Fence, TaskId, WorkerId } from '@weirjs/common/core/ids'
import type { Slot, SlotGroup, SlotHost, SlotListener } from './slot.ts'

export class MemorySlotHost implements SlotHost {
  readonly #workerId: WorkerId
  readonly groups: MemorySlotGroup[] = []
  /** Set: the next starts wait for it (and fail when it rejects). */
  gate: Promise<void> | null = null

  constructor(workerId: WorkerId) {
    this.#workerId = workerId
  }

  async start(request: SlotRequest, listener: SlotListener): Promise<MemorySlotGroup> {
    if (this.gate !== null) await this.gate
    const group = new MemorySlotGroup(request, listener, this.#workerId)
    this.groups.push(group)
    return group
  }
}

export class MemorySlotGroup implements SlotGroup {
  readonly fence: Fence
  readonly slots: readonly Slot[]
  readonly listener: SlotListener
  /** What the slots were told, in order: `deploy 0 v0/1`. */
  readonly told: string[] = []
  reports: readonly TaskReport[] = []
  #onLost: ((failure: Failure) => void) | null = null
  #over = false

  constructor(request: SlotRequest, listener: SlotListener, workerId: WorkerId) {
    this.fence = request.fence
    this.listener = listener
    this.slots = request.slots.map((slot) => this.#slot(workerId, slot))
  }

  #slot(workerId: WorkerId, slot: number): Slot {
    const names = (tasks: readonly TaskId[]): string =>
      tasks.map((task) => `${task.vertexId}/${task.subtask}`).join(' ')
    return {
      endpoint: { workerId, slot, dataAddress: `memory:${slot}` },
      deploy: (request) =>
        this.told.push(`deploy ${slot} ${names(request.tasks.map(({ task }) => task))}`),
      run: (request) => this.told.push(`run ${slot} ${names(request.tasks)}`),
      cancel: (request) => this.told.push(`cancel ${slot} ${names(request.tasks)}`),
      trigger: (request) => this.told.push(`trigger ${slot} ${request.checkpointId}`),
      notifyComplete: (notice) => this.told.push(`complete ${slot} ${notice.checkpointId}`),
      notifyAborted: (notice) => this.told.push(`aborted ${slot} ${notice.checkpointId}`),
      report: () => (slot === 0 ? this.reports : []),
      close: async () => {},
    }
  }

  onLost(callback: (failure: Failure) => void): void {
    this.#onLost = callback
  }

  async close(graceMs: number): Promise<void> {
    this.#over = true
    this.told.push(`close ${graceMs}`)
  }

  kill(reason: string): void {
    this.told.push(`kill ${reason}`)
    this.die(reason)
  }

  /** The group dies by itself. */
  die(reason: string): void {
    if (this.#over) return
    this.#over = true
    const error = new WeirError('job/process-lost', reason, {
      domain: 'external',
      retry: 'immediate',
    })
    this.#onLost?.(toFailure(error))
  }
}
