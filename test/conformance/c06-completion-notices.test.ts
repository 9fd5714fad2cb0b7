// C06. Word of completed checkpoints: to every subtask in rising order, at most once per checkpoint, and never of one that
// failed; also when the word comes twice, and over a restart.

import { afterEach, describe, expect, it } from 'vitest'
import { LISTENERS, noticeJob, Notices } from './src/notices.ts'
import { either, fullForManifests, fullForStates, slowStates } from './src/storage-faults.ts'
import { VirtualCluster } from './src/virtual-cluster.ts'

const FAILED_ON_PURPOSE = [2, 4, 6]
const settings = {
  checkpoint: { every: '50ms', timeout: '200ms' },
  restart: { strategy: 'fixed-delay', attempts: 3, delay: '1ms' },
} as const

describe('C06: completion notices', () => {
  let cluster: VirtualCluster
  afterEach(() => cluster.close())

  const failSome = (): void => {
    // By a task that declines, by the manifest, and by expiry.
    cluster.onStorage = either(fullForStates(2), fullForManifests(4), slowStates(10_000, 6))
  }

  it('come once, in rising order, and of completed checkpoints only', async () => {
    cluster = await VirtualCluster.start()
    failSome()
    cluster.onCall = ({ method }) => (method === 'notifyComplete' ? 'twice' : 'deliver')
    const notices = new Notices()
    const id = await cluster.submit(noticeJob(notices, settings))
    await cluster.whenCompleted(id, 9)
    await cluster.pass(10)

    const views = await cluster.checkpoints(id)
    const ended = (state: string): readonly number[] =>
      views.filter((view) => view.state === state).map((view) => view.checkpointId as number)
    expect(ended('FAILED').toSorted((a, b) => a - b)).toEqual(FAILED_ON_PURPOSE)
    const completed = ended('COMPLETED').toSorted((a, b) => a - b)
    expect(completed.length).toBeGreaterThanOrEqual(6)
    for (const who of LISTENERS) {
      expect(notices.ids('complete', who), who).toEqual(completed)
    }
    await cluster.cancel(id)
  })

  it('do not come again after a restart, and go on rising', async () => {
    cluster = await VirtualCluster.start()
    failSome()
    const notices = new Notices()
    const id = await cluster.submit(noticeJob(notices, settings))
    await cluster.whenCompleted(id, 7)
    cluster.killTaskManager()
    await cluster.whenCompleted(id, 12)
    await cluster.pass(10)

    const end = await cluster.describe(id)
    expect(end.restarts).toBe(1)
    for (const who of LISTENERS) {
      const ids = notices.ids('complete', who)
      expect(ids, who).toEqual([...new Set(ids)].toSorted((a, b) => a - b))
      expect(ids, who).toContain(end.lastCheckpointId)
      for (const failed of FAILED_ON_PURPOSE) expect(ids, who).not.toContain(failed)
    }
    await cluster.cancel(id)
  })

  it('tell of the newest when earlier ones were lost on the way', async () => {
    cluster = await VirtualCluster.start()
    cluster.onCall = (call) =>
      call.method === 'notifyComplete' && call.args[0].checkpointId < 4 ? 'lose' : 'deliver'
    const notices = new Notices()
    const id = await cluster.submit(noticeJob(notices, settings))
    await cluster.whenCompleted(id, 5)
    await cluster.pass(10)
    for (const who of LISTENERS) expect(notices.ids('complete', who), who).toEqual([4, 5])
    await cluster.cancel(id)
  })
})
