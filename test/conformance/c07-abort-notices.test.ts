// C07. Word of aborted checkpoints: every subtask of every operator is told once per checkpoint that was given up, by the
// storage (metadata), by a task (asynchronous part), by time, or while barriers are being aligned; and the job goes on.

import { afterEach, describe, expect, it } from 'vitest'
import { LISTENERS, noticeJob, Notices } from './src/notices.ts'
import {
  fullForManifests,
  fullForStates,
  slowStates,
  type StorageHook,
} from './src/storage-faults.ts'
import { VirtualCluster } from './src/virtual-cluster.ts'

const settings = { checkpoint: { every: '50ms', timeout: '200ms' } } as const

describe('C07: abort notices', () => {
  let cluster: VirtualCluster
  let notices: Notices
  afterEach(() => cluster.close())

  async function abortedThenCompleted(
    aborted: readonly number[],
    completed: number,
  ): Promise<string> {
    const id = await cluster.submit(noticeJob(notices, settings))
    const job = await cluster.whenCompleted(id, completed)
    await cluster.pass(10)
    expect(job).toMatchObject({ state: 'RUNNING', restarts: 0 })
    for (const who of LISTENERS) {
      expect(notices.ids('aborted', who), who).toEqual(aborted)
      for (const given of aborted) expect(notices.ids('complete', who), who).not.toContain(given)
    }
    const { failure } = await cluster.checkpoint(id, aborted[0] ?? 0)
    await cluster.cancel(id)
    return `${failure?.code}: ${failure?.message}`
  }

  const cases: readonly {
    readonly what: string
    readonly hook: StorageHook
    readonly why: RegExp
  }[] = [
    {
      what: 'its metadata cannot be stored',
      hook: fullForManifests(2, 3),
      why: /storage\/full.*manifest/,
    },
    {
      what: 'every task declines in its asynchronous part',
      hook: fullForStates(2, 3),
      why: /storage\/full/,
    },
    {
      what: 'its time is over',
      hook: slowStates(10_000, 2, 3),
      why: /checkpoint\/timed-out: \d+ of \d+ tasks/,
    },
  ]

  it.each(cases)('reach every operator once when $what', async ({ hook, why }) => {
    cluster = await VirtualCluster.start()
    notices = new Notices()
    cluster.onStorage = hook
    expect(await abortedThenCompleted([2, 3], 5)).toMatch(why)
  })

  it('reach every operator once when one task of all declines', async () => {
    cluster = await VirtualCluster.start()
    notices = new Notices()
    let failed = false
    cluster.onStorage = (operation, path) => {
      if (failed || operation !== 'publish' || !path.includes('/chk-2/')) return { verdict: 'ok' }
      failed = true
      return { verdict: 'fail', code: 'storage/io' }
    }
    expect(await abortedThenCompleted([2], 4)).toMatch(/storage\/io/)
  })

  it('reach every operator once when the notice comes twice', async () => {
    cluster = await VirtualCluster.start()
    notices = new Notices()
    cluster.onStorage = fullForManifests(2)
    cluster.onCall = ({ method }) => (method === 'notifyAborted' ? 'twice' : 'deliver')
    await abortedThenCompleted([2], 4)
  })

  it('open the channels of a step that waits for a barrier that never comes', async () => {
    cluster = await VirtualCluster.start()
    notices = new Notices()
    // One of the two sources is not told of checkpoint 2: the steps behind both get half of its barriers.
    let lost = 0
    cluster.onCall = (call) => {
      if (call.method !== 'trigger' || call.args[0].checkpointId !== 2 || lost > 0) return 'deliver'
      lost += 1
      return 'lose'
    }
    expect(await abortedThenCompleted([2], 4)).toMatch(/checkpoint\/timed-out/)
    expect(lost).toBe(1)
  })
})
