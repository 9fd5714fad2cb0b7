// The verdict on a cell: what every cell must bear (committed output that only grows and is exact, a checker in the job
// that says nothing, processes and logs without surprises, resources that come back), and what its row asks besides.

import { readFileSync } from 'node:fs'
import {
  type CommittedOutput,
  readRows,
  stagedFiles,
} from '../../processes/src/committed-output.ts'
import type { JobWatch } from '../../processes/src/job-watch.ts'
import type { ProcessCluster } from '../../processes/src/process-cluster.ts'
import { judgeLogs, logFiles } from '../../processes/src/process-logs.ts'
import type { Cell } from './cell.ts'
import { faultOf, withoutMoment } from './faults.ts'
import type { ResourceWatch } from './resources.ts'

const ALERTS_SHOWN = 3
const SLOW = 3

export interface Evidence {
  readonly cluster: ProcessCluster
  readonly output: CommittedOutput
  readonly watch: JobWatch
  readonly resources: ResourceWatch
  readonly restarts: number
  readonly firstOutputMs: number | null
  /** See CellResult. */
  readonly slowness: number
  /** Of the counts, and of what the checker says. */
  readonly outputs: readonly string[]
}

/** Stops the cluster. Answers complaints. */
export async function judgeCell(cell: Cell, evidence: Evidence): Promise<readonly string[]> {
  const { cluster, output, watch, resources, outputs } = evidence
  const used = await resources.judge()
  const badEnds = await cluster.stop()
  const explained = [
    ...cell.faults.flatMap((fault) => faultOf(withoutMoment(fault)).explains),
    // Ten seconds for a checkpoint are few on a machine that has no time.
    ...(evidence.slowness > SLOW ? ['checkpoint/timed-out'] : []),
  ]
  const found = [
    ...watch.violations,
    ...output.judge(),
    ...judgeLogs(cluster.logDirectory, explained),
  ]
  return [
    ...asked(cell, evidence),
    ...found.map(({ oracle, message }) => `${oracle}: ${message}`),
    ...readRows<unknown>(outputs[1] ?? '')
      .slice(0, ALERTS_SHOWN)
      .map((row) => `alerts: ${JSON.stringify(row)}`),
    ...outputs.flatMap(stagedFiles).map((file) => `staging: ${file} was left`),
    ...[...cluster.surprises(), ...badEnds].map((message) => `processes: ${message}`),
    ...used.map((message) => `resources: ${message}`),
  ]
}

function asked({ outcome }: Cell, evidence: Evidence): readonly string[] {
  const { restarts: wanted, said, state } = outcome
  const { watch, restarts, firstOutputMs, slowness, cluster } = evidence
  const firstOutputMsMax = Math.round(outcome.firstOutputMsMax * slowness)
  const complaints: string[] = []
  if (watch.job?.state !== state) complaints.push(`the job is ${watch.job?.state}, not ${state}`)
  if (restarts < wanted.min || restarts > wanted.max)
    complaints.push(`${restarts} restarts, expected ${wanted.min} … ${wanted.max}`)
  if (firstOutputMs !== null && firstOutputMs > firstOutputMsMax)
    complaints.push(`the first output came after ${firstOutputMs} ms, not ${firstOutputMsMax}`)
  const logs = logFiles(cluster.logDirectory).map((path) => readFileSync(path, 'utf8'))
  for (const wordings of said)
    if (!logs.some((log) => wordings.some((words) => log.includes(words))))
      complaints.push(`no log says "${wordings.join('" or "')}"`)
  return complaints
}
