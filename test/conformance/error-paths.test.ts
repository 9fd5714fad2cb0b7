// Error paths (reliability: R27). Each single call that a run makes of the checkpoint storage or of the sink's file system
// fails once, in each way in which such a call can fail: the job is refused in plain words at its submission, or it comes to
// its end with exact output and nothing staged left behind. Only a permission that is missing ends it, and the job says so:
// trying again would not help. Virtual time bounds every wait.
//
// In every run of the tests each kind of call at each kind of file fails once, in one of the ways in turn; with
// `WEIR_PROVE=1` the first and the last of them fail in every way.

import { job, type JobDefinition } from '@weirjs/api/define-job'
import { struct } from '@weirjs/api/struct'
import { int } from '@weirjs/api/types'
import type { StorageVerdict } from '@weirjs/common/core/checkpoint/memory-storage'
import { WeirError } from '@weirjs/common/core/errors'
import { ndjsonFiles } from '@weirjs/connectors/files/files'
import { MemoryFileSystem } from '@weirjs/connectors/files/memory-file-system'
import { generator } from '@weirjs/connectors/generator/generator'
import { describe, expect, it } from 'vitest'
import { OutputFiles } from './src/output-files.ts'
import { VirtualCluster } from './src/virtual-cluster.ts'

const PROVE = process.env['WEIR_PROVE'] === '1'
const RECORDS = 180
/** Of calls, by what they do with which kind of file: fewer, and the sweep has lost sight of something. */
const KINDS_MIN = 35
const MS_MAX = 900_000
const Numbered = struct('Numbered', { n: int() })
const all = Array.from({ length: RECORDS }, (_, n) => n)

/** One call that a run makes. */
interface Site {
  /** `storage` or `files`, the operation, and the kind of file: what a person would call the place. */
  readonly label: string
  /** Its place among all calls with this label in a run. */
  readonly nth: number
}

type Failure = 'EIO' | 'ENOSPC' | 'EMFILE' | 'EACCES' | 'ambiguous'
const OF_STORAGE: readonly Failure[] = ['EIO', 'ENOSPC', 'ambiguous']
const OF_FILES: readonly Failure[] = ['EIO', 'ENOSPC', 'EMFILE', 'EACCES']

const VERDICTS: Readonly<Record<Failure, StorageVerdict>> = {
  EIO: { verdict: 'fail', code: 'storage/io' },
  ENOSPC: { verdict: 'fail', code: 'storage/full' },
  EMFILE: { verdict: 'fail', code: 'storage/io' },
  EACCES: { verdict: 'fail', code: 'storage/io' },
  ambiguous: { verdict: 'ambiguous' },
}

/** Ids, numbers and hashes are all one. */
const kindOf = (path: string): string =>
  path
    .replaceAll(/[0-9a-f]{16,}/g, 'H')
    .replaceAll(/w?\d+/g, 'N')
    .replaceAll(/(N-)+N/g, 'N')

interface Outcome {
  readonly sites: readonly Site[]
  /** Whether the call that was to fail came. */
  readonly struck: boolean
  /** What is wrong; null: nothing. */
  readonly wrong: string | null
}

/** One run, in which the call at `victim` fails. */
async function run(victim: Site | null, failure: Failure): Promise<Outcome> {
  const counts = new Map<string, number>()
  const sites: Site[] = []
  let struck = false
  const strikes = (label: string): boolean => {
    const nth = (counts.get(label) ?? 0) + 1
    counts.set(label, nth)
    sites.push({ label, nth })
    const hit = !struck && label === victim?.label && nth === victim.nth
    struck ||= hit
    return hit
  }
  const files = new MemoryFileSystem()
  files.hook = (operation, path) => {
    if (!strikes(`files ${operation} ${kindOf(path)}`)) return
    throw Object.assign(new Error(`${failure}: injected`), { code: failure })
  }
  const cluster = await VirtualCluster.start()
  cluster.onStorage = (operation, path) =>
    strikes(`storage ${operation} ${kindOf(path)}`) ? VERDICTS[failure] : { verdict: 'ok' }
  try {
    const wrong = await wrongWith(cluster, files, failure)
    return { sites, struck, wrong }
  } finally {
    await cluster.close()
  }
}

/** Counts into files; somebody dies in the middle, so that there is a restore, too. */
async function wrongWith(
  cluster: VirtualCluster,
  files: MemoryFileSystem,
  failure: Failure,
): Promise<string | null> {
  let id
  try {
    id = await cluster.submit(definition(files))
  } catch (error) {
    if (error instanceof WeirError && error.code.startsWith('storage/')) return null
    return `the submission failed: ${String(error)}`
  }
  const middle = await cluster.until(id, ({ lastCheckpointId }) => (lastCheckpointId ?? 0) >= 2)
  if (middle.state === 'RUNNING') cluster.killTaskManager()
  const end = await cluster.ended(id)
  const output = new OutputFiles(files, '/out')
  const read = output
    .read<{ n: number }>()
    .map(({ n }) => n)
    .toSorted((x, y) => x - y)
  if (end.state === 'FAILED' && end.failure?.code === 'files/denied' && failure === 'EACCES')
    return new Set(read).size === read.length ? null : 'records are visible twice'
  if (end.state !== 'FINISHED') return `${end.state}: ${end.failure?.code} ${end.failure?.message}`
  if (read.join() !== all.join()) return `${read.length} records are visible, not ${RECORDS}`
  return output.staged.length === 0 ? null : `left staged: ${output.staged.join(', ')}`
}

function definition(files: MemoryFileSystem): JobDefinition {
  const restart = { strategy: 'fixed-delay', attempts: 20, delay: '10ms' } as const
  const checkpoint = { every: '20ms' } as const
  return job('bounded', { parallelism: 2, checkpoint, restart }, (env) => {
    env
      .from(generator({ count: RECORDS, perSecond: 3_000, type: Numbered, make: (n) => ({ n }) }), {
        uid: 'numbers',
      })
      .keyBy('n')
      .reduce((_, record) => record, { uid: 'last' })
      .to(ndjsonFiles('/out', Numbered, { fileSystem: files }), { uid: 'out' })
  })
}

interface Case {
  readonly site: Site
  readonly failure: Failure
}

function casesOf(sites: readonly Site[]): readonly Case[] {
  const last = new Map(sites.map(({ label, nth }) => [label, nth]))
  const firsts = sites.filter(({ nth }) => nth === 1)
  const lasts = sites.filter(({ label, nth }) => nth > 1 && nth === last.get(label))
  return [...firsts, ...(PROVE ? lasts : [])].flatMap((site, i) => {
    const failures = site.label.startsWith('storage') ? OF_STORAGE : OF_FILES
    const some = PROVE ? failures : failures.filter((_, k) => k === i % failures.length)
    return some.map((failure) => ({ site, failure }))
  })
}

describe('each call of the storage and of the file system', () => {
  it('may fail once: it is surfaced or borne, without a hang or a wrong record', {
    timeout: MS_MAX,
  }, async () => {
    const calm = await run(null, 'EIO')
    expect(calm.wrong).toBeNull()
    const cases = casesOf(calm.sites)
    expect(new Set(cases.map(({ site }) => site.label)).size).toBeGreaterThanOrEqual(KINDS_MIN)
    const complaints: string[] = []
    for (const { site, failure } of cases) {
      const { wrong, struck } = await run(site, failure)
      const said = struck ? wrong : 'the call did not come'
      if (said !== null) complaints.push(`${failure} at ${site.label} (${site.nth}): ${said}`)
    }
    expect(complaints).toEqual([])
  })
})
