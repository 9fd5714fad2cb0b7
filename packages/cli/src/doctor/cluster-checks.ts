// Checks of the cluster that commands here talk to: that it answers, that it has room, and that it is of this release.
// Where none is known, that the ports are free which one would take.

import { createServer } from 'node:net'
import { WeirError } from '@weirjs/common/core/errors'
import { WEIR_VERSION } from '@weirjs/common/core/version'
import type { ClusterView, WorkerView } from '@weirjs/common/job-client'
import { withSession } from '../cli.ts'
import { chooseCluster } from '../context.ts'
import { counted } from '../output/units.ts'
import { broken, type Check, type Finding, ok, type Patient, warning } from './check.ts'

const SILENCE_MS_MAX = 5_000

export const checkCluster: Check = async (patient) => {
  if (!knowsCluster(patient)) return freePorts(patient)
  return withSession(patient.cli, patient.options, async ({ client, address }) => {
    const [cluster, workers] = [await client.cluster(), await client.workers()]
    return [
      ok('cluster', `a JobManager answers at ${address}`),
      versionFinding(cluster),
      ...workerFindings(cluster, workers),
    ]
  })
}

function knowsCluster({ cli, options }: Patient): boolean {
  try {
    chooseCluster({ ...options, env: cli.env, cwd: cli.cwd })
    return true
  } catch (error) {
    if (error instanceof WeirError && error.code === 'cli/no-cluster') return false
    throw error
  }
}

const versionFinding = ({ version }: ClusterView): Finding =>
  version === WEIR_VERSION
    ? ok('version', `Weir ${version} here and there`)
    : warning(
        'version',
        `this is Weir ${WEIR_VERSION}, the cluster is ${version}`,
        'use the same version everywhere',
      )

function workerFindings(
  { slots, freeSlots }: ClusterView,
  workers: readonly WorkerView[],
): readonly Finding[] {
  if (workers.length === 0) {
    const hint = 'start one with `weir taskmanager`; its log says why it cannot register'
    return [warning('taskmanagers', 'no TaskManager is registered: no job can run', hint)]
  }
  const silent = workers.filter(({ lastHeartbeatAgeMs }) => lastHeartbeatAgeMs > SILENCE_MS_MAX)
  return [
    ok(
      'taskmanagers',
      `${counted(workers.length, 'TaskManager')}, ${freeSlots} of ${counted(slots, 'slot')} free`,
    ),
    ...silent.map(({ workerId, lastHeartbeatAgeMs }) =>
      warning(
        'taskmanagers',
        `${workerId} has been silent for ${Math.round(lastHeartbeatAgeMs)} ms`,
      ),
    ),
  ]
}

// ---- ports ----

async function freePorts({ config }: Patient): Promise<readonly Finding[]> {
  const { values } = config
  const wanted: readonly (readonly [string, number | null, string])[] = [
    ['jobmanager.rpc.port', values['jobmanager.rpc.port'], values['jobmanager.bind-host']],
    ['taskmanager.rpc.port', values['taskmanager.rpc.port'], values['taskmanager.bind-host']],
    ['rest.port', values['rest.port'], values['rest.bind-address']],
    ['health.port', values['health.port'], values['health.bind-host']],
  ]
  const findings = [ok('cluster', 'none is known here; `weir cluster start` starts one')]
  for (const [key, port, host] of wanted) {
    if (port === null) continue
    const why = port === 0 ? null : await cannotListen(port, host)
    const hint = `set ${key} to another port, or to 0 for any free one`
    findings.push(
      why === null
        ? ok('ports', `${key} ${port === 0 ? '(any free one)' : `${port} is free`}`)
        : broken('ports', `${key} ${port} of ${host} cannot be had: ${why}`, hint),
    )
  }
  return findings
}

/** Null: it can be had. */
function cannotListen(port: number, host: string): Promise<string | null> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(null)))
  })
}
