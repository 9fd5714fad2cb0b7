// Corruption (reliability: P4, D13). Every file of a checkpoint and of the job log that a real run leaves is damaged in
// every kind of way, at every structural place of its format and at random ones: each time the restore is refused before a
// record runs on it, and the file is named, and the place in it where there is one. Nothing older is taken instead.
//
// The many cases go through all that a restore reads (src/restore-doors.ts); a part of them goes through whole clusters,
// to show that those are the doors. `WEIR_PROVE=1` flips every byte of every file besides.

import { present } from '@weirjs/common/core/assert'
import { WeirError } from '@weirjs/common/core/errors'
import type { PhysicalPlan } from '@weirjs/common/core/graph/physical-plan'
import { Prng } from '@weirjs/common/core/prng'
import { readLog } from '@weirjs/jobmanager/store/log-reader'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Damage, damagesOf, partOf } from './src/damages.ts'
import { accidents } from './src/accidents.ts'
import { diskOf, type Image, IMAGE_RECORDS, storageOf, takeImage, takeOverIn } from './src/image.ts'
import { restoreFrom, takeOver } from './src/restore-doors.ts'

const PROVE = process.env['WEIR_PROVE'] === '1'
const SEED = Number(process.env['WEIR_SEED'] ?? 1)
const RANDOM = PROVE ? 400 : 24

let image: Image
let plan: PhysicalPlan
beforeAll(async () => {
  image = await takeImage()
  plan = (await readLog(storageOf(diskOf(image)), image.job)).history.submission.plan
})
afterAll(() => image.cluster.close())

type FileKind = 'job log entry' | 'manifest' | 'state file'
function kindOf(path: string): FileKind | null {
  if (/\/log\/\d+$/.test(path)) return 'job log entry'
  if (path.endsWith('/manifest')) return 'manifest'
  return path.endsWith('.state') ? 'state file' : null
}

/** Each file of the job, with what may be put in its place. */
function* cases(): Generator<{ path: string; kind: FileKind; damage: Damage }> {
  const prng = new Prng(SEED)
  const all = [...image.files].map(([path, bytes]) => ({ path, bytes, kind: kindOf(path) }))
  const own = all.filter(({ path }) => path.startsWith(`${image.job}/`))
  for (const { path, bytes, kind } of own) {
    if (kind === null) continue
    const others = {
      siblings: own.filter((one) => one.kind === kind),
      strangers: all.filter((one) => one.kind !== kind || !own.includes(one)),
    }
    const options = { prng, random: RANDOM, everyByte: PROVE }
    for (const damage of damagesOf(path, bytes, others, options)) yield { path, kind, damage }
  }
}

/** What is wrong with how a damage was met; null: nothing. */
function verdictOn(path: string, damage: Damage, outcome: unknown): string | null {
  if (!(outcome instanceof WeirError)) return `answered ${String(outcome)}`
  const { code, message } = outcome
  if (!CODES.has(code)) return `${code} is no code for damage: ${message}`
  const named = code === 'restore/not-found' ? path.replace(/\/manifest$/, '') : path
  if (!message.includes(named)) return `does not name the file: ${message}`
  if (damage.bytes === null) return null
  const place = /at byte (\d+)/.exec(message)?.[1]
  if (place === undefined) return `names no place: ${message}`
  return damage.at === null ? null : placeVerdict(path, damage.at, Number(place), message)
}

/** From the beginning of what the damage lies in (nothing before it can have been wrong) to the damage. */
function placeVerdict(path: string, at: number, place: number, message: string): string | null {
  const from = partOf(path, present(image.files.get(path), 'a file of the image'), at)
  if (place < from) return `names a place before byte ${from}, where the damage begins: ${message}`
  // A wrong length in a header line and a wrong number of bytes behind it are the same thing.
  const inHeader = !path.endsWith('.state') && at < ENVELOPE_HEADER_BYTES_MAX
  if (!inHeader && place > at) return `names a place behind the damage, at byte ${at}: ${message}`
  return null
}

const ENVELOPE_HEADER_BYTES_MAX = 40
const CODES: ReadonlySet<string> = new Set([
  'state/file-damaged',
  'state/file-missing',
  'log/damaged',
  'restore/not-found',
])

describe('damage to the files of a job', () => {
  it('starts from an image that can be restored in every way', async () => {
    const storage = storageOf(diskOf(image))
    expect(await takeOver(storage, image.job)).toBe(image.checkpoints.at(-1))
    for (const id of image.checkpoints)
      expect(await restoreFrom(storage, `${image.job}/chk-${id}`, plan)).toBe(id)
    const kinds = [...image.files.keys()].map(kindOf)
    expect(kinds.filter((kind) => kind === 'job log entry').length).toBeGreaterThan(10)
    expect(kinds.filter((kind) => kind === 'manifest').length).toBeGreaterThanOrEqual(6)
    expect(kinds.filter((kind) => kind === 'state file').length).toBeGreaterThanOrEqual(12)
  })

  it('is always found before a record runs, and named', async () => {
    const tally = new Map<string, { cases: number; found: number }>()
    const wrong: string[] = []
    const count = (row: string, verdict: string | null, what: string): void => {
      const counts = tally.get(row) ?? { cases: 0, found: 0 }
      counts.cases += 1
      if (verdict === null) counts.found += 1
      else wrong.push(`${what}: ${verdict}`)
      tally.set(row, counts)
    }
    const newest = `${image.job}/chk-${present(image.checkpoints.at(-1), 'a checkpoint')}/`
    for (const { path, kind, damage } of cases()) {
      const storage = storageOf(diskOf(image, { [path]: damage.bytes }))
      const checkpoint = /^(.*\/chk-\d+)\//.exec(path)?.[1]
      const doors: (readonly [string, () => Promise<number>])[] = []
      if (checkpoint !== undefined)
        doors.push(['by path', () => restoreFrom(storage, checkpoint, plan)])
      if (checkpoint === undefined || path.startsWith(newest)) {
        doors.push(['by take-over', () => takeOver(storage, image.job)])
        doors.push(['by job id', () => restoreFrom(storage, image.job, plan)])
      }
      for (const [door, restore] of doors) {
        const outcome: unknown = await restore().catch((error: unknown) => error)
        const verdict = verdictOn(path, damage, outcome)
        count(`${kind}, ${damage.kind}`, verdict, `${path} ${damage.kind} ${damage.what} ${door}`)
      }
    }
    for (const { what, names, changes } of accidents(image)) {
      const storage = storageOf(diskOf(image, changes))
      const doors = [
        () => takeOver(storage, image.job),
        () => restoreFrom(storage, image.job, plan),
      ]
      for (const restore of doors) {
        const outcome: unknown = await restore().catch((error: unknown) => error)
        const found =
          outcome instanceof WeirError && CODES.has(outcome.code) && outcome.message.includes(names)
        const verdict = found ? null : `answered ${String(outcome)}`
        count('several files', verdict, what)
      }
    }
    const rows = [...tally].map(([row, { cases: n, found }]) => `${row}: ${found} of ${n}`)
    const sum = [...tally.values()].reduce((all, { cases: n }) => all + n, 0)
    console.log(`corruption, seed ${SEED}: ${sum} cases\n  ${rows.join('\n  ')}`)
    expect(wrong.slice(0, 20)).toEqual([])
    expect(sum).toBeGreaterThan(2_000)
  })

  it('stops the job in a whole cluster too: it fails by the name of the file, tells nothing, and others go on', async () => {
    const { cluster, job, other, runs, files } = image
    const newest = `${job}/chk-${present(image.checkpoints.at(-1), 'a checkpoint')}/`
    const paths = [...files.keys()].filter(
      (path) => path.startsWith(newest) || kindOf(path) === 'job log entry',
    )
    const [run, neighbour] = runs
    for (const path of paths.filter((one) => one.startsWith(`${job}/`))) {
      const bytes = present(files.get(path), path)
      const third = Math.floor(bytes.length / 3)
      const flipped = new Uint8Array(bytes)
      flipped[third] = present(flipped[third], 'a byte') ^ 16
      for (const damaged of [flipped, bytes.subarray(0, 2 * third), null]) {
        const [before, around] = [run.seen.records, neighbour.seen.records]
        run.limit = neighbour.limit = 300
        await takeOverIn(image, { [path]: damaged })
        const end = await cluster.ended(job)
        expect(end.state, path).toBe('FAILED')
        expect(CODES, end.failure?.message).toContain(end.failure?.code)
        expect(end.failure?.message).toContain(path.replace(/\/manifest$/, ''))
        expect(end.failure?.hint).toMatch(/-s/)
        // Whatever task the damage meets: none of the others has processed or told anything.
        expect(run.seen.records, path).toBe(before)
        expect(run.sum(), path).toBe(0)
        if (kindOf(path) !== 'job log entry')
          expect(end.lastCheckpointId, path).toBe(image.checkpoints.at(-1))
        await cluster.when(other, 'it goes on', () => neighbour.seen.records > around)
      }
    }
    await takeOverIn(image, {})
    run.limit = IMAGE_RECORDS
    expect((await cluster.ended(job)).state).toBe('FINISHED')
    expect(run.sum()).toBe(IMAGE_RECORDS)
  })
})
