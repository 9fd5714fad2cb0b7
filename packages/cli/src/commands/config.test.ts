// What `weir config` says of a job's key is what `weir run` submits: one job, one directory, one cluster, both asked.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JobSettings } from '@weirjs/common/core/graph/logical-graph'
import { WeirError } from '@weirjs/common/core/errors'
import type { JobClient, JobDefault } from '@weirjs/common/job-client'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { id } from '../samples.fixture.ts'
import { testCli } from '../test-cli.fixture.ts'
import type { ConfigEntry } from './config.ts'

// Each run builds the graph of a job in a process; that takes its time on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

const KEY = 'parallelism.default'
const JOB = `
  import { int, job } from 'weirjs'
  import { fromItems } from '@weirjs/connectors/memory/from-items'
  import { discard } from '@weirjs/connectors/print/print'
  export default job('small', (env) => {
    env.from(fromItems(int(), [1]), { uid: 'numbers' }).to(discard(), { uid: 'out' })
  })`

const said = (text: string): readonly JobDefault[] => [
  { key: KEY, text, origin: 'cluster: file weir.yaml:3' },
]

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'weir-config-'))
  writeFileSync(join(root, 'package.json'), '{"type":"module"}')
  writeFileSync(join(root, 'job.ts'), JOB)
  writeFileSync(join(root, 'process.yaml'), `${KEY}: 9\nrest.port: 9081\nuser.a: process\n`)
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

interface Sources {
  readonly cluster?: readonly JobDefault[]
  readonly project?: string
  readonly env?: Readonly<Record<string, string>>
  readonly defines?: readonly string[]
}

interface Told {
  readonly explained: Pick<ConfigEntry, 'value' | 'origin'>
  readonly submitted: JobSettings | undefined
}

async function ask({ cluster = [], project, env = {}, defines = [] }: Sources): Promise<Told> {
  if (project !== undefined) writeFileSync(join(root, 'weir.config.yaml'), project)
  let submitted: JobSettings | undefined
  const client: Partial<JobClient> = {
    jobDefaults: async () => cluster,
    submit: async ({ settings }) => {
      submitted = settings
      return id
    },
  }
  const flags = defines.flatMap((one) => ['-D', one])
  const cli = testCli(client, root, env)
  const file = join(root, 'job.ts')
  const explained = await cli.run('config', 'explain', KEY, '--json', ...flags)
  const run = await cli.run('run', '--detach', ...flags, file)
  expect(run.code, run.err.join('\n')).toBe(0)
  return { explained: JSON.parse(explained.out[0] ?? '') as ConfigEntry, submitted }
}

describe('weir config explain and weir run', () => {
  const project = `${KEY}: 5\n`
  const env = { WEIR_PARALLELISM_DEFAULT: '6' }
  const defines = [`${KEY}=7`]
  const cluster = said('4')
  test.each<[string, Sources, string, RegExp]>([
    ['nobody', {}, '1', /^default$/],
    ['the cluster', { cluster }, '4', /^cluster: file weir\.yaml:3$/],
    ['the project', { cluster, project }, '5', /^file .*weir\.config\.yaml:1$/],
    ['the environment', { cluster, project, env }, '6', /^environment WEIR_PARALLELISM_DEFAULT$/],
    ['a flag', { cluster, project, env, defines }, '7', /^flag -D$/],
    ['no file of a process', { env: { WEIR_CONFIG: 'process.yaml' } }, '1', /^default$/],
  ])('agree when it is said by %s', async (_who, sources, value, origin) => {
    const { explained, submitted } = await ask(sources)
    expect(explained).toMatchObject({ value, origin: expect.stringMatching(origin) })
    expect(submitted?.parallelism).toBe(Number(value))
  })

  test('a plan is made without a cluster', async () => {
    const cli = testCli({ jobDefaults: async () => said('4') }, root)
    const { out } = await cli.run('plan', '--json', join(root, 'job.ts'))
    expect(JSON.parse(out[0] ?? '')).toMatchObject({ settings: { parallelism: 1 } })
  })

  test('a flag settles what would not fit with what the cluster says', async () => {
    const defaults = said('4').map((one) => ({ ...one, key: 'pipeline.max-parallelism' }))
    const fitting = { cluster: defaults, project, defines: ['pipeline.max-parallelism=8'] }
    expect((await ask(fitting)).submitted).toMatchObject({ parallelism: 5, maxParallelism: 8 })
    const cli = testCli({ jobDefaults: async () => defaults }, root)
    const run = await cli.run('run', '--detach', join(root, 'job.ts'))
    expect(run.code).toBe(2)
    expect(run.err[0]).toMatch(
      /max-parallelism \(cluster: file weir\.yaml:3\) must be at least parallelism\.default \(file /,
    )
  })
})

describe('weir config', () => {
  test('list has the keys of a process from its file, and what only that says of jobs', async () => {
    const cli = testCli({ jobDefaults: async () => said('4') }, root)
    const { out } = await cli.run('config', 'list', '--set', '--json', '--config', 'process.yaml')
    const { config } = JSON.parse(out[0] ?? '') as { config: readonly ConfigEntry[] }
    const file = `file ${join(root, 'process.yaml')}`
    expect(config).toEqual([
      { key: 'rest.port', value: '9081', origin: `${file}:2` },
      { key: KEY, value: '4', origin: 'cluster: file weir.yaml:3' },
      { key: 'user.a', value: 'process', origin: `${file}:3` },
    ])
  })

  test.each([
    ['a cluster that does not answer is told', 'rpc/unavailable', /without what the cluster says/],
    ['no cluster is none', 'cli/no-cluster', /^$/],
  ])('%s, and the rest is answered', async (_what, code, told) => {
    const jobDefaults = async (): Promise<never> => {
      throw new WeirError(code, 'nobody', { domain: 'external' })
    }
    const { out, err } = await testCli({ jobDefaults }, root).run('config', 'explain', KEY)
    expect(out.join('\n')).toMatch(/origin +default/)
    expect(err.join('\n')).toMatch(told)
  })

  test('of a process asks no cluster', async () => {
    const { code, err } = await testCli(null, root).run('config', 'explain', 'rest.port')
    expect([code, err]).toEqual([0, []])
  })
})
