// Oracle O3, what tasks are given to begin from: the newest completed checkpoint at the moment when a leader sends them out,
// never an older one, never nothing where there is something (D13); and only to commit once the final one is complete.

import type { DeployRequest, WorkerGateway } from '@weirjs/common/core/gateways'
import { Complaints, type Violation } from './violation.ts'

/** What the job logs say, at this moment. */
interface LogView {
  epoch(job: string): number
  /** null: from nothing. */
  startsFrom(job: string): number | null
  isFinal(job: string): boolean
}

export class RestoreAuditor {
  readonly #logs: LogView
  readonly #complaints = new Complaints('O3')
  /** Is told what workers are to do. */
  onTrigger: (job: string, final: boolean) => void = () => {}

  constructor(logs: LogView) {
    this.#logs = logs
  }

  get violations(): readonly Violation[] {
    return this.#complaints.found
  }

  /** The gateway of a worker, with somebody who reads what is deployed there. */
  watching(gateway: WorkerGateway): WorkerGateway {
    return {
      ...gateway,
      deploy: (request) => {
        this.deployed(request)
        return gateway.deploy(request)
      },
      trigger: (request) => {
        this.onTrigger(request.fence.jobId, request.final)
        return gateway.trigger(request)
      },
    }
  }

  /** A deposed leader knows no better, and nobody listens to it. */
  deployed({ fence, tasks }: Pick<DeployRequest, 'fence' | 'tasks'>): void {
    const { jobId, epoch, attempt } = fence
    if (epoch !== this.#logs.epoch(jobId)) return
    const newest = this.#logs.startsFrom(jobId)
    const isFinal = this.#logs.isFinal(jobId)
    for (const { task, restore } of tasks) {
      const where = `${task.vertexId}/${task.subtask} of attempt ${attempt}`
      const from = restore?.checkpointId ?? null
      if (from !== newest)
        this.#complaints.add(`${where} begins from ${from}, the newest checkpoint is ${newest}`)
      if (restore !== null && restore.commitOnly !== isFinal)
        this.#complaints.add(
          `${where} ${restore.commitOnly ? 'only commits' : 'processes'}, and the final checkpoint ` +
            `is ${isFinal ? '' : 'not '}complete`,
        )
    }
  }
}
