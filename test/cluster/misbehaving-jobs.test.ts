// Jobs that misbehave: the command says what happened, where, and ends with the right code; nobody else notices.

import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until, WeirKit } from './weir-kit.ts'

const MISBEHAVING = fileURLToPath(new URL('./jobs/misbehaving.ts', import.meta.url))

let kit: WeirKit
let neighbour: string
beforeAll(async () => {
  const defines = ['task.cancellation.timeout=1s', 'taskmanager.memory.job-process-heap=64mb']
  kit = await WeirKit.start({ taskManagers: 1, slots: 4, defines })
  const { jobId } = await kit.json<{ jobId: string }>('run', '-d', MISBEHAVING, '--how', 'nothing')
  neighbour = jobId
  await until(
    () => kit.client.describe(jobId),
    ({ state }) => state === 'RUNNING',
  )
})
afterAll(() => kit[Symbol.asyncDispose]())

describe('a job of the same TaskManager', () => {
  test.each([
    ['throw', /error: .*thrown in map \(.*misbehaving\.ts:10:\d+\) \[job\/user-code-failed\]/],
    ['later', /error: thrown later \(.*misbehaving\.ts:15:\d+\) \[job\/uncaught-error\]/],
    ['exit', /error: .*process\.exit\(7\).* \[job\/process-exit\]/],
    ['fill', /error: .*filled its heap \[job\/out-of-memory\]/],
  ])('fails alone, with its reason, when its code does this: %s', async (how, message) => {
    const run = await kit.weir('run', MISBEHAVING, '--how', how)
    expect(run.err).toMatch(message)
    expect(run.code).toBe(1)
    expect(await kit.client.describe(neighbour)).toMatchObject({ state: 'RUNNING', restarts: 0 })
  })

  test('is canceled although its code blocks a slot for ever', async () => {
    const { jobId } = await kit.json<{ jobId: string }>('run', '-d', MISBEHAVING, '--how', 'block')
    const stuck = kit.weir('job', 'wait', jobId)
    await until(
      () => kit.client.describe(jobId),
      ({ state }) => state === 'RUNNING',
    )
    expect(await kit.weir('job', 'cancel', jobId)).toMatchObject({ code: 0 })
    expect(await stuck).toMatchObject({ code: 1 })
    expect(await kit.client.describe(neighbour)).toMatchObject({ state: 'RUNNING', restarts: 0 })
    await until(
      () => kit.client.cluster(),
      ({ freeSlots }) => freeSlots === 3,
    )
  })
})

describe('Ctrl-C of an attached run', () => {
  test('cancels the job, says so, and ends with 130', async () => {
    const run = kit.spawn('run', MISBEHAVING, '--how', 'nothing')
    const started = await until(
      () => kit.client.list(),
      (jobs) => jobs.some((one) => one.state === 'RUNNING' && one.jobId !== neighbour),
    )
    const own = started.find((one) => one.state === 'RUNNING' && one.jobId !== neighbour)
    process.kill(run.pid, 'SIGINT')
    const { code, err } = await run.ended
    expect(err).toContain(`canceling job ${own?.jobId}`)
    expect(code).toBe(130)
    expect((await kit.client.describe(own?.jobId ?? '')).state).toBe('CANCELED')
  })
})
