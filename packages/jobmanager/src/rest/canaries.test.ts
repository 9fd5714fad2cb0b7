// What opens doors inside of a cluster is in no answer, no measure, no line of the log and no file: the credential that slots
// of an attempt show each other, which only their TaskManagers are told; the cluster's token; its read key. Nor is the value of
// a setting that is named like a secret in an answer, as jobs of before may have one. The endpoints are those of the table.

import { MetricText } from '@weirjs/common/core/metrics/metric-text'
import { expect, test } from 'vitest'
import { countingGraph } from '../core/plan/graph-samples.ts'
import { writeClusterMetrics } from './metrics.ts'
import { KEY, report, type RestKit, restKit, TOKEN } from './rest-kit.fixture.ts'
import { REST_ROUTES } from './routes.ts'

const PASSWORD = 'c4n4ry-of-a-setting'

/** Credentials as the TaskManagers hear them from now on. */
function overhear({ world }: RestKit): readonly string[] {
  const heard: string[] = []
  for (const worker of world.workers.values()) {
    const allocate = worker.allocate.bind(worker)
    worker.allocate = (request) => {
      heard.push(request.credential)
      return allocate(request)
    }
  }
  return heard
}

test('neither answers nor measures, log or storage have the credentials, token and read key', async () => {
  const kit = await restKit()
  const { world, get } = kit
  const credentials = overhear(kit)
  const { settings } = world.request()
  const config = { 'user.db.password': PASSWORD }
  const runs = await world.submit({ settings: { ...settings, parallelism: 2, config } })
  await world.until(runs, 'RUNNING')
  await world.pass(2_500)
  await report(world, runs, 100)
  const fails = await world.submit({}, { ...countingGraph(), name: 'fails' })
  await world.until(fails, 'RUNNING')
  await world.pass(2_500)
  world.failTask(fails, { code: 'job/x', message: 'boom', domain: 'user', retry: 'never' })
  await world.until(fails, 'FAILED')
  expect(credentials.length).toBeGreaterThan(2)
  const keys = [...credentials, TOKEN, KEY]
  const sings = (text: string): boolean => keys.some((one) => text.includes(one))

  const values = { vertexid: 'v1', checkpointid: '1', taskmanagerid: 'w1' } as const
  for (const jobid of [runs, fails])
    for (const { path } of REST_ROUTES) {
      const filled = path.replaceAll(/:(\w+)/g, (_hole, name: string) => {
        const value = { ...values, jobid }[name]
        if (value === undefined) throw new Error(`what is ${name}? Say it in values`)
        return value
      })
      const { status, text } = await get(`/v1${filled}`)
      // Of the job that failed the checkpoint may be gone.
      if (jobid === runs) expect(status, filled).toBe(200)
      expect(sings(text), filled).toBe(false)
      expect(text, filled).not.toContain(PASSWORD)
    }
  const measures = new MetricText()
  writeClusterMetrics(measures, world.manager.measures())
  const log = JSON.stringify(world.log.lines)
  for (const text of [measures.toString(), log])
    expect(sings(text) || text.includes(PASSWORD)).toBe(false)
  const files = world.disk.paths()
  expect(files.length).toBeGreaterThan(4)
  for (const file of files)
    expect(sings(Buffer.from(world.disk.get(file) ?? []).toString('latin1')), file).toBe(false)
})
