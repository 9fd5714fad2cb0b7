// Every process of `weir cluster start` can be probed, and the cluster says where.

import { isDeepStrictEqual } from 'node:util'
import { expect, test } from 'vitest'
import { until, WeirKit } from './weir-kit.ts'

interface Process {
  readonly role: string
  readonly pid: number
  readonly health?: string
}

const processesOf = async (kit: WeirKit): Promise<readonly Process[]> =>
  (await kit.json<{ processes: readonly Process[] }>('cluster', 'status')).processes

/** What each of them answers. */
async function probe(kit: WeirKit): Promise<readonly string[]> {
  const answers: string[] = []
  for (const { health } of await processesOf(kit)) {
    const response = await fetch(`http://${health}/readyz`)
    const { role } = (await response.json()) as { role: string }
    answers.push(`${response.status} ${role}`)
  }
  return answers
}

/** Soon: a disk that is slow just now makes a process unready. */
const allAnswer = (kit: WeirKit): Promise<unknown> =>
  until(
    () => probe(kit),
    (answers) => isDeepStrictEqual(answers, ALL),
  )

const ALL = ['200 jobmanager', '200 taskmanager', '200 taskmanager']

test('each process has a port of its own, and one that is started again has, too', async () => {
  await using kit = await WeirKit.start({ taskManagers: 2 })
  const before = await processesOf(kit)
  expect(new Set(before.map(({ health }) => health)).size).toBe(3)
  await allAnswer(kit)
  const [, first, second] = before
  const port = first?.health?.split(':')[1] ?? ''
  const checked = await kit.weir('healthcheck', 'taskmanager', '-D', `health.port=${port}`)
  expect(checked).toMatchObject({ code: 0, out: 'taskmanager is ready\n' })
  const shown = await kit.weir('cluster', 'status')
  expect(shown.out).toContain(`taskmanager ${second?.health}`)

  process.kill(second?.pid ?? 0, 'SIGKILL')
  const again = await kit.weir('cluster', 'start')
  expect(again.code, again.err).toBe(0)
  const after = await processesOf(kit)
  expect(after.slice(0, 2)).toEqual(before.slice(0, 2))
  expect(after[2]?.pid).not.toBe(second?.pid)
  // The JobManager may have counted the dead one when the command looked.
  await allAnswer(kit)
})

test('none has one where the configuration says so', async () => {
  await using kit = await WeirKit.start({ taskManagers: 1, defines: ['health.port=off'] })
  expect((await processesOf(kit)).map(({ health }) => health)).toEqual([undefined, undefined])
})
