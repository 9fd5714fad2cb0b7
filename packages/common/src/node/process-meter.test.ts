import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

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

it.runIf(process.platform === 'linux')(
  'a process without a free descriptor can still be measured',
  async () => {
    const shell = 'ulimit -n 64; exec "$0" -C source --input-type=module -e "$1"'
    const { stdout } = await promisify(execFile)('sh', ['-c', shell, process.execPath, SCRIPT])
    expect(JSON.parse(stdout)).toEqual({ code: 'EMFILE', bytes: expect.any(Number) })
    expect(JSON.parse(stdout).bytes).toBeGreaterThan(10 * 2 ** 20)
  },
)
