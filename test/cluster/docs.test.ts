// Pages of the guide, typed as they say: every command against a real cluster, every output as shown.

import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { JobSummary } from '@weirjs/common/job-client'
import { expect, test } from 'vitest'
import { Names, firstBlock, stepsOf } from './console-blocks.ts'
import { until, WeirKit } from './weir-kit.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** Page, and where its reader saves the first program. */
const PAGES: readonly (readonly [string, string])[] = [
  ['first-job.md', 'examples/totals.ts'],
  ['first-hour.md', 'jobs/shop.ts'],
]

function shell(command: string, directory: string): Promise<readonly string[]> {
  // One pipe for both streams, so that their lines come in the order in which a terminal has them.
  const child = spawn('sh', ['-c', `{ ${command}; } 2>&1`], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    // The page's own directory is /home/ann/weir.
    child.on('close', () =>
      resolve(text.replaceAll(directory, '/home/ann/weir').split('\n').filter(isLine)),
    )
  })
}

const isLine = (line: string): boolean => line.trim() !== ''

/** Some thirty commands, and jobs that take half a minute. */
const PAGE_MS_MAX = 300_000

test.each(PAGES)(
  '%s says what happens',
  async (name, program) => {
    await using kit = WeirKit.empty()
    const page = `${ROOT}docs/guide/${name}`
    mkdirSync(kit.path(dirname(program)))
    writeFileSync(kit.path(program), firstBlock(page, /^ts job/))
    const names = new Names()
    for (const { command, expected } of stepsOf(page)) {
      const line = names
        .inCommand(command)
        .replace('./weir', `${ROOT}weir`)
        // The first one: where a cluster is, flags say nothing more.
        .replace('cluster start --', 'cluster start --port 0 --')
        .replace(/doctor$/, 'doctor -D jobmanager.rpc.port=0')
      const real = await shell(line, kit.directory)
      expect(names.compare(expected.filter(isLine), real), command).toBeNull()
      await asAPersonReads(kit, command)
    }
  },
  PAGE_MS_MAX,
)

/** A person is slower than a test: after these commands, what they began has come about before the next is typed. */
async function asAPersonReads(kit: WeirKit, command: string): Promise<void> {
  const newest = async (): Promise<JobSummary | undefined> => (await kit.client.list())[0]
  if (command.includes(' run -d ')) await until(newest, (job) => (job?.lastCheckpointId ?? 0) > 0)
  if (command.startsWith('kill '))
    await until(newest, (job) => job?.state === 'RUNNING' && job.attempt > 1)
}
