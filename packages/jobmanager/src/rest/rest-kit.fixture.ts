// A REST application over a played cluster, for tests: a job that runs, reports and checkpoints, in virtual time.

import { HttpAccess, readKeyOf } from '@weirjs/common/node/http-access'
import { makeToken } from '@weirjs/common/rpc/token'
import type { FastifyInstance } from 'fastify'
import type { JobId } from '@weirjs/common/core/ids'
import { PlayWorld } from '../play-world.ts'
import { buildRestApp } from './app.ts'

export const TOKEN: string = makeToken()
export const KEY: string = readKeyOf(TOKEN)

export interface RestKit {
  readonly world: PlayWorld
  readonly app: FastifyInstance
  readonly mistakes: unknown[]
  get(path: string): Promise<{ status: number; type: string; body: unknown; text: string }>
}

export async function restKit(): Promise<RestKit> {
  const world = await new PlayWorld().start()
  const mistakes: unknown[] = []
  const { manager } = world
  const app = await buildRestApp({
    source: {
      client: manager.client,
      jobs: () => manager.jobs,
      configuration: [{ key: 'rest.port', value: '8081', origin: 'default' }],
      scheduler: world.time,
    },
    access: new HttpAccess(TOKEN),
    cookie: () => 'weir-8081',
    version: 'test',
    onMistake: (error) => mistakes.push(error),
  })
  const get: RestKit['get'] = async (path) => {
    const headers = { authorization: `Bearer ${TOKEN}` }
    const answer = await app.inject({ method: 'GET', url: path, headers })
    const type = `${answer.headers['content-type']}`
    const body: unknown = type.includes('json') ? JSON.parse(answer.body) : null
    return { status: answer.statusCode, type, body, text: answer.body }
  }
  return { world, app, mistakes, get }
}

/** Every task of the job says that it has taken in `recordsIn` records. */
export async function report(world: PlayWorld, job: JobId, recordsIn: number): Promise<void> {
  for (const worker of world.workers.values()) {
    const played = [...worker.tasks.values()].filter((task) => task.fence.jobId === job)
    await world.manager.heartbeat({
      workerId: worker.id,
      coordinatorId: world.manager.coordinatorId,
      rssBytes: 64 * 2 ** 20,
      tasks: played.map(({ fence, deployment }) => ({
        fence,
        task: deployment.task,
        progressTick: 1,
        busyRatio: 0.25,
        idleRatio: 0.5,
        backPressuredRatio: 0.25,
        recordsIn,
        recordsOut: 2 * recordsIn,
        bytesIn: 10 * recordsIn,
        bytesOut: 20 * recordsIn,
        watermark: world.time.wallMs() - 5_000,
      })),
    })
  }
}
