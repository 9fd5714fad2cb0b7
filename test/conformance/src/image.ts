// What a cluster leaves on its storage when all of it dies at once: two jobs with keyed state of several kinds, lists of
// sources and sinks, several checkpoints each, and a log that two JobManagers have written. For tests that damage it.

import { job, type JobDefinition } from '@weirjs/api/define-job'
import { keyedProcess } from '@weirjs/api/process-definitions'
import { listState, mapState, value } from '@weirjs/api/state'
import { int, text } from '@weirjs/api/types'
import { MemoryDisk, MemoryStorage } from '@weirjs/common/core/checkpoint/memory-storage'
import { present } from '@weirjs/common/core/assert'
import type { JobId } from '@weirjs/common/core/ids'
import { collected } from '@weirjs/connectors/memory/collected'
import { FOLD_EVERY } from '@weirjs/jobmanager/store/job-log'
import { paced } from './paced-source.ts'
import { Numbered, Total } from './totals.ts'
import { VirtualCluster } from './virtual-cluster.ts'

export const IMAGE_RECORDS = 400
const KEYS = 12

export interface ImageOptions {
  /** Checkpoints before the JobManager is killed, and after. */
  readonly checkpoints: readonly [number, number]
  /** Before each of them. */
  readonly records: number
}
const FEW: ImageOptions = { checkpoints: [2, 2], records: 50 }
/** So many that the second JobManager folds the log. */
export const FOLDED: ImageOptions = { checkpoints: [FOLD_EVERY, 2], records: 3 }

export interface KeptJob {
  readonly definition: JobDefinition
  /** Records that the keyed step has seen, over all runs. */
  readonly seen: { records: number }
  /** Numbers below it may leave the source. */
  limit: number
  readonly sum: () => number
}

export function keptJob(): KeptJob {
  const seen = { records: 0 }
  const sink = collected(Total)
  const settings = { checkpoint: { every: 'off', retained: 3 }, parallelism: 2 } as const
  const kept: KeptJob = {
    seen,
    limit: 0,
    sum: () => sink.items.reduce((sum, { count }) => sum + count, 0),
    definition: job('kept', settings, (env) => {
      const counting = keyedProcess({
        uid: 'counting',
        in: Numbered,
        out: Total,
        key: text(),
        state: {
          count: value(int(), { initial: () => 0 }),
          last: listState(int()),
          byDigit: mapState(int(), text()),
        },
        each({ n }, { state }) {
          seen.records += 1
          state.count.set(state.count.get() + 1)
          state.last.add(n)
          state.byDigit.set(n % 10, `ends in ${n % 10}`)
        },
        finishKey: ({ state, key, emit }) => emit({ key, count: state.count.get() }),
      })
      const make = (n: number) => ({ n, key: `key ${n % KEYS}` })
      const may = (n: number): boolean => n < kept.limit
      const source = { type: Numbered, count: IMAGE_RECORDS, splits: 4, everyMs: 0.1, make, may }
      env
        .from(paced(source), { uid: 'numbers' })
        .keyBy('key')
        .process(counting)
        .to(sink, { uid: 'sink' })
    }),
  }
  return kept
}

export interface Image {
  readonly files: ReadonlyMap<string, Uint8Array>
  /** The one that is damaged, and another one that is not. */
  readonly job: JobId
  readonly other: JobId
  /** Ids of the checkpoints that are retained, rising. */
  readonly checkpoints: readonly number[]
  /** Where it was taken: it goes on, and can be set back. */
  readonly cluster: VirtualCluster
  readonly runs: readonly [KeptJob, KeptJob]
}

/** The cluster is the caller's to close. */
export async function takeImage({
  checkpoints: wanted,
  records,
}: ImageOptions = FEW): Promise<Image> {
  const cluster = await VirtualCluster.start({ seed: 8 })
  const jobs: JobId[] = []
  const runs = [keptJob(), keptJob()] as const
  for (const run of runs) jobs.push(await cluster.submit(run.definition))
  const checkpoint = async (): Promise<void> => {
    for (const [i, run] of runs.entries()) {
      const id = present(jobs[i], 'a job')
      const goal = run.seen.records + records
      run.limit += records
      await cluster.when(id, `${run.limit} records`, () => run.seen.records >= goal)
      await cluster.triggerCheckpoint(id)
    }
  }
  for (let i = 0; i < wanted[0]; i++) await checkpoint()
  await cluster.restartJobManager()
  for (let i = 0; i < wanted[1]; i++) await checkpoint()
  await cluster.pass(100)
  const [id, other] = [present(jobs[0], 'a job'), present(jobs[1], 'another job')]
  const checkpoints = (await cluster.checkpoints(id))
    .filter(({ state, path }) => state === 'COMPLETED' && path !== null)
    .map(({ checkpointId }) => checkpointId)
    .toSorted((a, b) => a - b)
  const files = new Map(
    cluster.disk
      .paths()
      .map((path) => [path, new Uint8Array(present(cluster.disk.get(path), 'a file'))] as const),
  )
  return { files, job: id, other, checkpoints, cluster, runs }
}

/** The JobManager dies, the disk becomes the image with some changes, and another JobManager takes over what is there. */
export async function takeOverIn(
  image: Image,
  changes: Readonly<Record<string, Uint8Array | null>>,
): Promise<void> {
  const { cluster } = image
  cluster.local.killJobManager()
  await cluster.pass(50) // what was under way when it died
  const next = diskOf(image, changes)
  for (const path of cluster.disk.paths()) cluster.disk.delete(path)
  for (const path of next.paths()) cluster.disk.create(path, present(next.get(path), path))
  await cluster.run(cluster.local.startJobManager())
}

/** The image with some files changed; null takes one away. */
export function diskOf(
  image: Image,
  changes: Readonly<Record<string, Uint8Array | null>> = {},
): MemoryDisk {
  const disk = new MemoryDisk()
  for (const [path, bytes] of image.files) if (changes[path] === undefined) disk.create(path, bytes)
  for (const [path, bytes] of Object.entries(changes)) if (bytes !== null) disk.create(path, bytes)
  return disk
}

export const storageOf = (disk: MemoryDisk): MemoryStorage => new MemoryStorage({ disk })
