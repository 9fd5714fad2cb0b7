// The places where a process persists, sends or commits something, by name, and what may be made to happen there: just
// before the step, or just behind it, when it is done and nobody knows. They lie at the interfaces that the product is
// handed (storage, file system, network), so the product holds no code for them. What is armed happens at the next pass.

import type { SimProcess } from './process.ts'
import type { World } from './world.ts'

export type When = 'before' | 'after'
export type FailAction = 'crash' | 'error' | 'pause'

/** What publishing a file takes. */
const PUBLISHING = ['create', 'write', 'sync', 'link', 'unstage'] as const

/** What a process asks of the disk beneath the checkpoint storage, `<file or directory>.<call>`. */
const STORAGE_STEPS: readonly string[] = [
  ...['bundle', 'log', 'manifest', 'state'].flatMap((file) =>
    PUBLISHING.map((call) => `${file}.${call}`),
  ),
  ...['checkpoint', 'job', 'log'].map((directory) => `${directory}.mkdir`),
  ...['checkpoint', 'job', 'log', 'root'].map((directory) => `${directory}.syncdir`),
  'bundle.remove',
  'checkpoint.remove-tree',
  'log.list',
  'log.read',
  'log.remove',
  'manifest.read',
  'state.read',
  'state.size',
]

/** What an exactly-once file sink does. */
const SINK_STEPS = [
  'sink.create',
  'sink.list',
  'sink.mkdir',
  'sink.remove',
  'sink.rename',
  'sink.rmdir',
  'sink.sync',
  'sink.syncdir',
  'sink.write',
] as const

/** What processes ask of each other: before a request leaves, and when the answer is about to. */
const CALL_STEPS = [
  'call.aborted',
  'call.acknowledge',
  'call.allocate',
  'call.cancel',
  'call.complete',
  'call.decline',
  'call.deploy',
  'call.fetchBundle',
  'call.heartbeat',
  'call.output',
  'call.register',
  'call.release',
  'call.run',
  'call.slotsLost',
  'call.taskUpdate',
  'call.trigger',
  'call.unregister',
] as const

/** What somebody with a command line asks of a JobManager. */
const CLIENT_STEPS = [
  'call.client-cancel',
  'call.client-checkpoint',
  'call.client-describe',
  'call.client-submit',
] as const

/** What slots send each other: the wish for a channel, a frame. Before: where it leaves. After: where it arrived. */
const DATA_STEPS = ['data.open', 'data.frame'] as const

export const STEPS: readonly string[] = [
  ...STORAGE_STEPS,
  ...SINK_STEPS,
  ...CALL_STEPS,
  ...CLIENT_STEPS,
  ...DATA_STEPS,
]
const ACTIONS: readonly FailAction[] = ['crash', 'crash', 'error', 'pause']

/** All that can be armed. */
export const FAILPOINTS: readonly string[] = STEPS.flatMap((step) => [
  `before ${step}`,
  `after ${step}`,
])

export interface FailpointWorld {
  readonly world: World
  /** kill -9; whoever should be there comes back by himself. People do not die of it. */
  readonly crash: (process: SimProcess) => void
  /** SIGSTOP for a while. */
  readonly pause: (process: SimProcess) => void
}

export class Failpoints {
  readonly #options: FailpointWorld
  readonly #armed = new Map<string, { readonly action: FailAction; skip: number }>()
  /** Those at which something was made to happen, and how often. */
  readonly hits: Map<string, number> = new Map()

  constructor(options: FailpointWorld) {
    this.#options = options
  }

  /** At the next pass but `skip`. One action at a time for each. */
  arm(name: string, action: FailAction, skip: number): void {
    this.#armed.set(name, { action, skip })
  }

  disarm(): void {
    this.#armed.clear()
  }

  /** False: no pass means anything. */
  get armed(): boolean {
    return this.#armed.size > 0
  }

  /** `error`: the step has failed, or is said to have. A process that crashed here is dead when this returns. */
  pass(when: When, step: string, process: SimProcess): 'go' | 'error' {
    if (this.#armed.size === 0) return 'go'
    const name = `${when} ${step}`
    const armed = this.#armed.get(name)
    if (armed === undefined || !process.alive) return 'go'
    if (armed.skip-- > 0) return 'go'
    this.#armed.delete(name)
    this.hits.set(name, (this.hits.get(name) ?? 0) + 1)
    const { world, crash, pause } = this.#options
    world.fault('failpoint', `${name}: ${armed.action} of ${process.name}`)
    switch (armed.action) {
      case 'crash':
        crash(process)
        return process.alive ? 'error' : 'go'
      case 'pause':
        pause(process)
        return 'go'
      case 'error':
        return 'error'
    }
  }
}

export const drawAction = (pick: (items: readonly FailAction[]) => FailAction): FailAction =>
  pick(ACTIONS)

/** Which file or directory of the storage it is, by its path or the name under which it is being written. */
const KINDS: readonly (readonly [string, RegExp])[] = [
  ['log', /\/log(\/|$)/],
  ['bundle', /[/-]bundle-/],
  ['manifest', /manifest$/],
  ['state', /\.state$/],
  ['checkpoint', /\/chk-\d+$/],
  ['job', /\/[0-9a-f]{32}$/],
]

/** The step that a call of the system is; null: nothing of importance. */
export function storageStep(call: string, path: string): string | null {
  const kind = KINDS.find(([, pattern]) => pattern.test(path))?.[0] ?? 'root'
  const step = `${kind}.${call}`
  return STEPS.includes(step) ? step : null
}
