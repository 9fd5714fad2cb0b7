import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import type { PlanOperator } from '@weirjs/common/core/graph/physical-plan'
import { OUTPUT_LINE_CHARS_MAX } from '@weirjs/common/core/gateways'
import { COLD_START, TaskOperatorContext } from './task-context.ts'
import type { ContextHost } from './task-context.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

test('a line that is cut to its limit does not hold on to the whole text', () => {
  const lines: string[] = []
  const host = {
    listener: { output: ({ text }: { text: string }) => lines.push(text) },
  } as unknown as ContextHost
  const parts = { output: () => ({ emit: () => {} }), keyed: null, restored: COLD_START }
  const context = new TaskOperatorContext(host, {} as PlanOperator, parts)
  collectGarbage()
  const before = process.memoryUsage().heapUsed
  const count = 300
  const factor = 16
  for (let i = 0; i < count; i++)
    context.print(JSON.stringify('x'.repeat(OUTPUT_LINE_CHARS_MAX * factor)))
  collectGarbage()
  const grownBytes = process.memoryUsage().heapUsed - before
  expect(lines).toHaveLength(count)
  expect(lines[0]).toHaveLength(OUTPUT_LINE_CHARS_MAX)
  expect(grownBytes).toBeLessThan(count * OUTPUT_LINE_CHARS_MAX * 3)
})
