// Processing-time timers of a task: when they are set by what the task does, and when far too many are due.

import { expect, test } from 'vitest'
import type { OperatorContext } from '../operators/operator.ts'
import { CountingSource, LoggingSink, MapWith } from './kit-operators.contract.ts'
import type { SinkLog } from './kit-operators.contract.ts'
import { SlotKit } from './slot-kit.contract.ts'

/** Sets its alarm at each record, as `ctx.timers.after` does. */
class SilenceAlarm extends MapWith {
  readonly #context: OperatorContext
  readonly #fired: number[]
  #dueMs: number | null = null

  constructor(context: OperatorContext, fired: number[]) {
    super(context, (value) => value)
    this.#context = context
    this.#fired = fired
  }

  override process(value: unknown, timestamp: number): void {
    super.process(value, timestamp)
    this.#dueMs = this.#context.scheduler.wallMs() + 50
  }

  override nextProcessingTimer(): number | null {
    return this.#dueMs
  }

  override onProcessingTime(wallMs: number): void {
    this.#fired.push(wallMs - (this.#dueMs ?? 0))
    this.#dueMs = null
  }
}

const OVERDUE = 1_000_000

/** Has had that many timers due since long ago. */
class Overdue extends MapWith {
  left = OVERDUE

  constructor(context: OperatorContext) {
    super(context, (value) => value)
  }

  override nextProcessingTimer(): number | null {
    return this.left > 0 ? 1 : null
  }

  override onProcessingTime(): void {
    this.left -= 1
  }
}

/** Five numbers, and then silence. */
function kitWith(make: (context: OperatorContext) => MapWith): SlotKit {
  const numbers = (context: OperatorContext): CountingSource => {
    const made = new CountingSource(context, 10)
    made.pauseAt = 5
    return made
  }
  const operators = [
    { uid: 'numbers', make: numbers },
    { uid: 'timers', make },
  ]
  return new SlotKit({ vertices: [{ parallelism: 1, operators }], edges: [] })
}

test('a timer that the last record has set fires, though nothing else happens', async () => {
  const fired: number[] = []
  const kit = kitWith((context) => new SilenceAlarm(context, fired))
  kit.deploy()
  await kit.until(() => kit.allRan)
  await kit.pass(1_000)
  expect(fired).toHaveLength(1)
  expect(fired[0]).toBeLessThan(1)
  await kit.close()
})

test('timers that are overdue in masses keep no checkpoint waiting', async () => {
  const made: Overdue[] = []
  const kit = kitWith((context) => {
    const overdue = new Overdue(context)
    made.push(overdue)
    return overdue
  })
  kit.deploy()
  await kit.until(() => kit.allRan)
  kit.trigger(1)
  await kit.until(() => kit.acked(1))
  expect(made[0]?.left).toBeGreaterThan(OVERDUE / 2)
  await kit.until(() => made[0]?.left === 0)
  await kit.close()
})

/** Emits at each of its timers, and sets the next one. */
class Ticking extends MapWith {
  readonly #context: OperatorContext
  #dueMs: number

  constructor(context: OperatorContext) {
    super(context, (value) => value)
    this.#context = context
    this.#dueMs = context.scheduler.wallMs()
  }

  override nextProcessingTimer(): number | null {
    return this.#dueMs
  }

  override onProcessingTime(): void {
    this.#context.output.emit('tick', this.#dueMs)
    this.#dueMs += 1
  }
}

test('timers wait for a sink that is not ready, and go on when it is', async () => {
  const logs: SinkLog[] = []
  const kit = new SlotKit({
    vertices: [
      {
        parallelism: 1,
        operators: [
          { uid: 'numbers', make: (context) => new CountingSource(context, 5) },
          { uid: 'ticking', make: (context) => new Ticking(context) },
          { uid: 'sink', kind: 'sink', make: (context) => new LoggingSink(context, logs, false) },
        ],
      },
    ],
    edges: [],
  })
  kit.deploy()
  await kit.until(() => kit.allRan)
  await kit.pass(1_000)
  const [log] = logs
  expect(log?.received).toHaveLength(0)
  if (log !== undefined) log.ready = true
  log?.wake()
  await kit.pass(100)
  expect(log?.received).toContain('tick')
  await kit.close()
})
