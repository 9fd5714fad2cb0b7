// What the configuration of a cluster says of jobs holds for the jobs that say nothing else.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { jobFile } from './good-neighbour.ts'
import { WeirKit } from './weir-kit.ts'

const TALLY: readonly string[] = [jobFile('tally.ts'), '--output', 'out', '--records', '2000']

test('a job has what the YAML and the flags of its cluster say, unless it or its submitter says otherwise', async () => {
  await using kit = WeirKit.empty()
  const yaml = 'parallelism.default: 2\nexecution.checkpointing.timeout: 7m\nuser.greeting: hi\n'
  writeFileSync(kit.path('weir.yaml'), yaml)
  const flags = ['--config', 'weir.yaml', '-D', 'execution.checkpointing.interval=9s']
  const started = await kit.weir('cluster', 'start', '--port', '0', ...flags)
  expect(started.code, started.err).toBe(0)

  const settingsOf = async (...more: readonly string[]): Promise<unknown> => {
    const { jobId } = await kit.json<{ jobId: string }>('run', '--detach', ...more, ...TALLY)
    const ended = await kit.json<{ state: string }>('job', 'wait', jobId)
    expect(ended.state).toBe('FINISHED')
    return (await kit.json<{ settings: unknown }>('job', 'describe', jobId)).settings
  }
  expect(await settingsOf()).toMatchObject({
    parallelism: 2,
    // The job's code says 200ms.
    checkpoint: { timeoutMs: 420_000, intervalMs: 200 },
    config: { 'user.greeting': 'hi' },
  })
  expect(await settingsOf('-p', '1', '-D', 'user.greeting=ho')).toMatchObject({
    parallelism: 1,
    checkpoint: { timeoutMs: 420_000 },
    config: { 'user.greeting': 'ho' },
  })

  const key = 'execution.checkpointing.timeout'
  const explained = await kit.json<object>('config', 'explain', key)
  const origin = `cluster: file ${join(kit.directory, 'weir.yaml')}:2`
  expect(explained).toMatchObject({ value: '7m', origin })
  await kit.weir('cluster', 'stop')
  expect(await kit.json<object>('config', 'explain', key)).toMatchObject({ origin: 'default' })
})
