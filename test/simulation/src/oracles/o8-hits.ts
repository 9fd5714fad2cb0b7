// O8, against vacuity: a run in which nothing happened proves nothing.

import { Complaints, type Violation } from './violation.ts'

export interface Hits {
  readonly faultsWanted: number
  readonly faults: number
  readonly checkpoints: number
}

export function judgeHits(hits: Hits): readonly Violation[] {
  const complaints = new Complaints('O8')
  if (hits.faults < hits.faultsWanted)
    complaints.add(`${hits.faults} faults hit, ${hits.faultsWanted} were wanted`)
  if (hits.checkpoints < 1) complaints.add('no checkpoint completed')
  return complaints.found
}
