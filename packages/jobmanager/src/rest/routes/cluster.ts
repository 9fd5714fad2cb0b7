// The cluster as a whole: overview, configuration, TaskManagers.

import type { ClusterView, WorkerView } from '@weirjs/common/job-client'
import { z } from 'zod'
import { noSuchThing } from '../problem.ts'
import { bytes, count, milliseconds, type RestRoute, route, text, time } from '../route.ts'

/** How often the page asks again. */
export const REFRESH_INTERVAL_MS = 2_000

const overview = z.object({
  taskmanagers: count,
  'slots-total': count,
  'slots-available': count,
  'jobs-running': count.meta({ description: 'All that have not ended.' }),
  'jobs-finished': count,
  'jobs-cancelled': count,
  'jobs-failed': count,
  'weir-version': text,
  'coordinator-id': text.meta({ description: 'Another for each life of the JobManager.' }),
  'start-time': time,
  'checkpoint-directory': text,
  'not-leading': text.nullable().meta({
    description: 'Why this JobManager does not lead all the jobs that it did; null: it does.',
  }),
})

const config = z.object({
  'refresh-interval': milliseconds,
  'weir-version': text,
  features: z.object({ 'web-submit': z.boolean(), 'web-cancel': z.boolean() }),
  configuration: z
    .array(z.object({ key: text, value: text, origin: text }))
    .meta({ description: 'Every key of the JobManager with its value, masked where secret.' }),
})

const taskManager = z.object({
  id: text,
  path: text.meta({ description: 'host:port of its control service.' }),
  pid: count,
  timeSinceLastHeartbeat: time.meta({
    description: 'When it was heard last (a time, as in Flink).',
  }),
  slotsNumber: count,
  freeSlots: count,
  metrics: z.object({ memoryResident: bytes }),
})

const taskManagers = z.object({ taskmanagers: z.array(taskManager) })

const taskManagerDetail = taskManager.extend({
  tasks: z.array(
    z.object({
      jid: text,
      'job-name': text,
      vertex: text,
      subtask: count,
      name: text,
      status: text,
    }),
  ),
})

export const clusterRoutes: readonly RestRoute[] = [
  route({
    path: '/overview',
    about: 'The cluster in numbers.',
    answer: overview,
    handle: async ({ client }) => overviewOf(await client.cluster()),
  }),
  route({
    path: '/config',
    about: 'How the JobManager is set, and what this interface can do.',
    answer: config,
    handle: async ({ client, configuration }) => ({
      'refresh-interval': REFRESH_INTERVAL_MS,
      'weir-version': (await client.cluster()).version,
      features: { 'web-submit': false, 'web-cancel': false },
      configuration: [...configuration],
    }),
  }),
  route({
    path: '/taskmanagers',
    about: 'All registered TaskManagers.',
    answer: taskManagers,
    handle: async ({ client, scheduler }) => ({
      taskmanagers: (await client.workers()).map((one) => taskManagerOf(one, scheduler.wallMs())),
    }),
  }),
  route({
    path: '/taskmanagers/:taskmanagerid',
    about: 'One TaskManager and the tasks in its slots.',
    answer: taskManagerDetail,
    handle: async ({ client, jobs, scheduler }, { taskmanagerid }) => {
      const found = (await client.workers()).find((one) => one.workerId === taskmanagerid)
      if (found === undefined) {
        throw noSuchThing(`there is no TaskManager ${taskmanagerid}`, 'See /v1/taskmanagers.')
      }
      const tasks = jobs()
        .filter((job) => job.measures !== null && !job.ended)
        .map((job) => job.detail())
        .flatMap((job) =>
          job.taskViews
            .filter((task) => task.worker === taskmanagerid)
            .map((task) => ({
              jid: job.jobId,
              'job-name': job.name,
              vertex: task.vertexId,
              subtask: task.subtask,
              name: task.name,
              status: task.state,
            })),
        )
      return { ...taskManagerOf(found, scheduler.wallMs()), tasks }
    },
  }),
]

function overviewOf(cluster: ClusterView): z.infer<typeof overview> {
  const { FINISHED = 0, CANCELED = 0, FAILED = 0 } = cluster.jobs
  const all = Object.values(cluster.jobs).reduce((sum, number) => sum + number, 0)
  return {
    taskmanagers: cluster.workers,
    'slots-total': cluster.slots,
    'slots-available': cluster.freeSlots,
    'jobs-running': all - FINISHED - CANCELED - FAILED,
    'jobs-finished': FINISHED,
    'jobs-cancelled': CANCELED,
    'jobs-failed': FAILED,
    'weir-version': cluster.version,
    'coordinator-id': cluster.coordinatorId,
    'start-time': cluster.startedAtMs,
    'checkpoint-directory': cluster.checkpointDirectory,
    'not-leading': cluster.notLeading,
  }
}

function taskManagerOf(worker: WorkerView, wallMs: number): z.infer<typeof taskManager> {
  return {
    id: worker.workerId,
    path: worker.address,
    pid: worker.pid,
    timeSinceLastHeartbeat: Math.round(wallMs - worker.lastHeartbeatAgeMs),
    slotsNumber: worker.slots,
    freeSlots: worker.freeSlots,
    metrics: { memoryResident: worker.rssBytes },
  }
}
