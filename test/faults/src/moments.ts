// When a fault strikes: moments that can be seen from outside, by the names that appear on the disk and by what the
// JobManager says of the job. A moment that does not come is an error, not a cell that passes.

import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { entriesBelow } from '../../processes/src/entries-below.ts'
import { until } from '../../processes/src/until.ts'
import { BadCell, type Words } from './cell.ts'
import type { Scene } from './scene.ts'

/** Only ends what hangs. */
const MOMENT_MS_MAX = 300_000
const WITHIN = { withinMs: MOMENT_MS_MAX }

type Moment = (scene: Scene) => Promise<void>

const MOMENTS: Readonly<Record<string, Moment>> = {
  /** The job has been accepted; it may not have been deployed. */
  submitted: async () => {},
  working,
  /** A checkpoint was triggered and no task has acknowledged it: its barriers are under way. */
  alignment: async (scene) => {
    await working(scene)
    const { cluster, watch } = scene
    const known = watch.checkpointId
    await until('barriers under way', { ...WITHIN, everyMs: 1 }, () =>
      cluster.ask(async (client) => {
        const views = await client.checkpoints(watch.jobId)
        const found = views.some(
          ({ checkpointId, state, acknowledged }) =>
            checkpointId > known && state === 'IN_PROGRESS' && acknowledged === 0,
        )
        return found ? true : null
      }),
    )
  },
  /** A task has staged or published its state, the checkpoint is not complete. */
  snapshot: async (scene) => {
    await working(scene)
    await named(scene, (name) => name.endsWith('.state'))
  },
  manifest: async (scene) => {
    await working(scene)
    await named(scene, (name) => name === 'manifest')
  },
  /** An entry of the job's log has appeared: the checkpoint is complete, sinks have not committed. */
  logged: async (scene) => {
    await working(scene)
    await named(scene, (_name, parent) => parent.endsWith('/log'))
  },
  /** A sink has published a file, others of the same checkpoint may not have. */
  published: async (scene) => {
    await working(scene)
    const { files } = scene.output
    await quickly('the next file', () => {
      scene.output.look()
      return scene.output.files > files
    })
  },
  /** Tasks are being restored after an earlier fault. */
  restoring: async ({ watch }) => {
    await until('a restart', { ...WITHIN, everyMs: 1 }, () =>
      watch.job !== null && watch.job.state !== 'RUNNING' ? true : null,
    )
  },
  /** The input has come to its end, or nearly: the final checkpoint is near. */
  ending: async ({ watch, output, records }) => {
    await until('the end', WITHIN, () =>
      output.records >= records * ENDING_SHARE || watch.ended ? true : null,
    )
  },
}

const ENDING_SHARE = 0.92

/** Two checkpoints are complete and readers have seen output. */
async function working({ watch, output }: Scene): Promise<void> {
  await until('output', WITHIN, () => (watch.checkpointId >= 2 && output.files > 0 ? true : null))
}

/** A name for which `holds` appears in the directory of the checkpoints. */
async function named(
  { cluster }: Scene,
  holds: (name: string, parent: string) => boolean,
): Promise<void> {
  const look = (): ReadonlySet<string> =>
    new Set(
      entriesBelow(cluster.checkpointDirectory)
        .filter((entry) => holds(entry.name, entry.parentPath))
        .map((entry) => join(entry.parentPath, entry.name)),
    )
  const before = look()
  await quickly('a new name', () => [...look()].some((path) => !before.has(path)))
}

/** As often as the loop turns: what is looked for lasts milliseconds. */
async function quickly(what: string, holds: () => boolean): Promise<void> {
  const dueMs = performance.now() + MOMENT_MS_MAX
  while (!holds()) {
    if (performance.now() > dueMs) throw new Error(`not within ${MOMENT_MS_MAX} ms: ${what}`)
    await turn()
  }
}

export function momentOf(words: Words): Moment {
  const found = MOMENTS[words[0]]
  if (found === undefined) throw new BadCell(`there is no moment "${words[0]}"`)
  return found
}
