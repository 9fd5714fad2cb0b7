import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { MetricText } from '../core/metrics/metric-text.ts'
import type { GroupMemory } from './control-group.ts'
import { ProcessMeter } from './process-meter.ts'

const METER = new URL('process-meter.ts', import.meta.url).href

/** Takes every descriptor that it may have, and then asks what the process uses. */
const SCRIPT = `
import { openSync } from 'node:fs'
import { ProcessMeter, residentBytes } from '${METER}'
import { MetricText } from '${new URL('../core/metrics/metric-text.ts', import.meta.url).href}'
const meter = new ProcessMeter({ role: 'test', version: '0' })
meter.write(new MetricText())
let code = ''
while (code === '')
  try { openSync('/dev/null') } catch (error) { code = error.code }
meter.write(new MetricText())
console.log(JSON.stringify({ code, bytes: residentBytes() }))
`

it('tells what the kernel counts for its control group, where that has a limit', () => {
  const said = (groupMemory: () => GroupMemory | null): string => {
    const text = new MetricText()
    new ProcessMeter({ role: 'test', version: '0', groupMemory }).write(text)
    return text.toString()
  }
  const group = { directory: '/', usedBytes: 70, limitBytes: 100, sharedBytes: 10 }
  expect(said(() => group)).toMatch(/^weir_container_memory_bytes 70$/m)
  expect(said(() => group)).toMatch(/^weir_container_memory_limit_bytes 100$/m)
  expect(said(() => null)).not.toContain('weir_container_memory')
})

it.runIf(process.platform === 'linux')(
  'a process without a free descriptor can still be measured',
  async () => {
    const shell = 'ulimit -n 64; exec "$0" -C source --input-type=module -e "$1"'
    const { stdout } = await promisify(execFile)('sh', ['-c', shell, process.execPath, SCRIPT])
    expect(JSON.parse(stdout)).toEqual({ code: 'EMFILE', bytes: expect.any(Number) })
    expect(JSON.parse(stdout).bytes).toBeGreaterThan(10 * 2 ** 20)
  },
)
