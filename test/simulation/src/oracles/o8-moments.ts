// O8, moments: states of a job that only a fault at the right time brings about, counted over a run, so that somebody can ask
// whether many runs have seen each of them. It judges nothing.

import type { AuditedEntry } from './o3-job-log.ts'

export const MOMENTS = [
  'log folded',
  'fault in the final checkpoint',
  'restart in the final checkpoint',
  'restart behind the final checkpoint',
  'resumed with another parallelism',
  'two leaders led',
  'deposed leader refused',
] as const
export type Moment = (typeof MOMENTS)[number]

interface Job {
  /** Of the final checkpoint: triggered for the tasks of the present attempt, complete; the job has ended. */
  final: 'not yet' | 'triggered' | 'complete' | 'ended'
  /** Epochs in which a checkpoint completed. */
  readonly ledIn: Set<number>
}

const isEnding = ({ final }: Job): boolean => final === 'triggered' || final === 'complete'

export class Moments {
  readonly seen: Map<Moment, number> = new Map()
  readonly #jobs = new Map<string, Job>()

  note(moment: Moment): void {
    this.seen.set(moment, (this.seen.get(moment) ?? 0) + 1)
  }

  /** An entry of a job's log is durable. */
  logged(id: string, { epoch, body }: AuditedEntry): void {
    const job = this.#job(id)
    if (body.type === 'fold') this.note('log folded')
    else if (body.type === 'attempt') this.#begins(job)
    else if (body.type === 'terminal') job.final = 'ended'
    else if (body.type === 'completed') {
      if (!job.ledIn.has(epoch) && job.ledIn.size > 0) this.note('two leaders led')
      job.ledIn.add(epoch)
      if (body.checkpoint.kind === 'final') job.final = 'complete'
    }
  }

  /** The final checkpoint of a job has been triggered, and the job has not ended. */
  get ending(): boolean {
    return [...this.#jobs.values()].some(isEnding)
  }

  #begins(job: Job): void {
    if (job.final === 'triggered') {
      job.final = 'not yet'
      this.note('restart in the final checkpoint')
    } else if (job.final === 'complete') this.note('restart behind the final checkpoint')
  }

  /** A leader tells workers to take a checkpoint. */
  triggered(id: string, final: boolean): void {
    const job = this.#job(id)
    if (final && job.final === 'not yet') job.final = 'triggered'
  }

  /** null: of anything. */
  fault(id: string | null): void {
    const hit = id === null ? [...this.#jobs.values()] : [this.#job(id)]
    for (const job of hit) if (isEnding(job)) this.note('fault in the final checkpoint')
  }

  #job(id: string): Job {
    const known = this.#jobs.get(id)
    if (known !== undefined) return known
    const made: Job = { final: 'not yet', ledIn: new Set() }
    this.#jobs.set(id, made)
    return made
  }
}
