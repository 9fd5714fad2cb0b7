// Commits that take long: what comes meanwhile waits for them, and a task that is to end begins no other.

import { expect, test } from 'vitest'
import type { OperatorContext } from '../operators/operator.ts'
import { CountingSource, LoggingSink } from './kit-operators.contract.ts'
import type { SinkLog } from './kit-operators.contract.ts'
import { SlotKit } from './slot-kit.contract.ts'

/** A sink whose first commit lasts until the test lets it end; its `close` waits for it, as a two-phase sink's does. */
class SlowSink extends LoggingSink {
  readonly #begun = Promise.withResolvers<void>()
  readonly #gate: Promise<void>

  constructor(context: OperatorContext, logs: SinkLog[], gate: Promise<void>) {
    super(context, logs)
    this.#gate = gate
  }

  override async onCheckpointComplete(checkpointId: number): Promise<void> {
    await super.onCheckpointComplete(checkpointId)
    this.#begun.resolve()
    await this.#gate
  }

  override async close(): Promise<void> {
    await this.#begun.promise
    await this.#gate
    await super.close()
  }
}

interface Slow {
  readonly kit: SlotKit
  readonly logs: SinkLog[]
  readonly letGo: () => void
}

/** Five numbers and their end, into two sinks of one chain; the first of them is slow. */
function slow(): Slow {
  const { promise, resolve } = Promise.withResolvers<void>()
  const logs: SinkLog[] = []
  const kit = new SlotKit({
    vertices: [
      {
        parallelism: 1,
        operators: [
          { uid: 'numbers', make: (context) => new CountingSource(context, 5) },
          {
            uid: 'slow',
            kind: 'sink',
            make: (context) => new SlowSink(context, logs, promise),
          },
          { uid: 'behind', kind: 'sink', make: (context) => new LoggingSink(context, logs) },
        ],
      },
    ],
    edges: [],
  })
  return { kit, logs, letGo: () => resolve() }
}

test.each([
  ['a checkpoint', false],
  ['the final checkpoint', true],
])('a task that is canceled while it commits does not begin to commit %s', async (_what, final) => {
  const { kit, logs, letGo } = slow()
  kit.deploy()
  await kit.until(() => kit.allIn('end-of-data'))
  kit.trigger(1)
  await kit.until(() => kit.acked(1))
  kit.trigger(2, final)
  await kit.until(() => kit.acked(2))
  kit.complete(1)
  await kit.until(() => logs[0]?.events.includes('commit 1') === true)
  kit.complete(2, final)
  await kit.pass(5)
  kit.cancel()
  await kit.pass(5)
  letGo()
  await kit.until(() => kit.allIn('canceled'))
  const commits = logs.map(({ events }) => events.filter((event) => event.startsWith('commit')))
  expect(commits).toEqual([['commit 1'], []])
  for (const { events } of logs) expect(events.at(-1)).toBe('close')
  await kit.close()
})
