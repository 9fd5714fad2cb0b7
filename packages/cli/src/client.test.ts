import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeToken } from '@weirjs/common/rpc/token'
import { systemScheduler } from '@weirjs/common/node/system-scheduler'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { connectCluster } from './client.ts'
import { writeClusterFile } from './context.ts'

/** Where nobody listens. */
const NOBODY = '127.0.0.1:1'
let root = ''
let tokenFile = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'weir-client-'))
  tokenFile = join(root, 'token')
  writeFileSync(tokenFile, `${makeToken()}\n`, { mode: 0o600 })
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

async function failureAt(cluster: string): Promise<unknown> {
  const options = { cluster, tokenFile }
  const session = await connectCluster({
    options,
    env: {},
    cwd: root,
    scheduler: systemScheduler(),
  })
  try {
    return await session.client.cluster().catch((error: unknown) => error)
  } finally {
    session.close()
  }
}

test('who named an address learns which port commands talk to', async () => {
  expect(await failureAt(NOBODY)).toMatchObject({
    code: 'rpc/unavailable',
    message: `no JobManager answers at ${NOBODY} (named by --cluster)`,
    hint: expect.stringMatching(/jobmanager\.rpc\.port, 6123 by default.*not .* the page/),
  })
})

test.each([
  ['mine.json', '`weir cluster start` starts'],
  [join('.weir', 'cluster.json'), '`weir cluster start` in /'],
])(
  'who named a cluster file, called %s, learns how to start what is missing',
  async (name, says) => {
    const file = join(root, name)
    writeClusterFile(file, {
      version: 1,
      address: NOBODY,
      tokenFile,
      dataDirectory: root,
      startedAtMs: 0,
      processes: [],
    })
    expect(await failureAt(file)).toMatchObject({
      message: `no JobManager answers at ${NOBODY} (named by ${file})`,
      hint: expect.stringContaining(says),
    })
  },
)
