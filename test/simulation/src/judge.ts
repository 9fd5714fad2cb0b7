// What the oracles say of a run: of each job by itself, and of what all share.

import { judgeLedger, type LedgerLine } from './oracles/o1-ledger.ts'
import { judgeOrder } from './oracles/o1-order.ts'
import { judgeAlerts } from './oracles/o4-alerts.ts'
import { judgeLiveness, judgeRecovery, type Recovery } from './oracles/o6-liveness.ts'
import { judgeHits } from './oracles/o8-hits.ts'
import { judgeLeftovers } from './oracles/o9-leftovers.ts'
import type { Violation } from './oracles/violation.ts'
import { readFileLines, readLines } from './oracles/visible-files.ts'
import type { Party } from './party.ts'
import type { SimCluster } from './sim-cluster.ts'
import { runsOf } from './story.ts'
import { expectationOf, orderOf } from './workload/expectation.ts'
import { alertsOf } from './workload/workload.ts'

/** `recovery`: as it was when the time for it was up; null: nothing is wanted of it. */
export async function judgeParty(
  party: Party,
  recovery: Recovery | null,
  cluster: SimCluster,
): Promise<readonly Violation[]> {
  const { workload, story, client, outputs } = party
  const finished = story.end?.state === 'FINISHED'
  const files = (await readFileLines(cluster.files, outputs)).map((lines) =>
    lines.map((one) => JSON.parse(one) as LedgerLine),
  )
  const runs = runsOf(party.storyOptions)
  const single = finished && story.jobs.length === 1
  return [
    ...judgeLiveness(story),
    ...(recovery === null ? [] : judgeRecovery(recovery)),
    ...judgeLedger(files.flat(), expectationOf(workload, runs, finished)),
    ...judgeOrder(files, orderOf(workload)),
    ...judgeAlerts(await readLines(cluster.files, [alertsOf(workload)])),
    ...client.violations,
    // Who gives up may have done so before the first one.
    ...(story.succeeded && !finished ? [] : judgeHits(checkpointsOf(party, cluster))),
    ...(story.succeeded ? judgeLeftovers(cluster, story.jobs, single, party.directories) : []),
  ]
}

/** Completed checkpoints that a JobManager announced. */
function checkpointsOf({ story }: Party, { completed }: SimCluster): number {
  const own = [...completed].filter((one) => story.jobs.some((job) => one.startsWith(job)))
  return own.length
}
