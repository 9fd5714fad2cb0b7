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
import { openEntry } from '@weirjs/jobmanager/store/log-entry'
import { readLog } from '@weirjs/jobmanager/store/log-reader'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Damage, damagesOf, partOf } from './src/damages.ts'
import { accidents } from './src/accidents.ts'
import {
  diskOf,
  FOLDED,
  type Image,
  IMAGE_RECORDS,
  storageOf,
  takeImage,
  takeOverIn,
} from './src/image.ts'
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

type FileKind = 'job log entry' | 'job log tip' | 'manifest' | 'state file'
function kindOf(path: string): FileKind | null {
  if (/\/log\/\d+$/.test(path)) return 'job log entry'
  if (/\/log\/tip-\d+$/.test(path)) return 'job log tip'
  if (path.endsWith('/manifest')) return 'manifest'
  return path.endsWith('.state') ? 'state file' : null
}

interface Case {
  readonly path: string
  readonly kind: FileKind
  readonly damage: Damage
}

/** Each file of the job, with what may be put in its place. */
function* cases(of: Image): Generator<Case> {
  const prng = new Prng(SEED)
  const all = [...of.files].map(([path, bytes]) => ({ path, bytes, kind: kindOf(path) }))
  const own = all.filter(({ path }) => path.startsWith(`${of.job}/`))
  for (const { path, bytes, kind } of own) {
    if (kind === null) continue
    const others = {
      siblings: own.filter((one) => one.kind === kind),
      strangers: all.filter((one) => one.kind !== kind || !own.includes(one)),
    }
    const options = { prng, random: RANDOM, everyByte: PROVE }
    for (const damage of damagesOf(path, bytes, others, options)) {
      // A log whose tip was not written yet is a log all the same.
      if (kind === 'job log tip' && damage.bytes === null) continue
      yield { path, kind, damage }
    }
  }
}

/** What is wrong with how a damage was met; null: nothing. */
function verdictOn(of: Image, { path, damage }: Case, outcome: unknown): string | null {
  if (!(outcome instanceof WeirError)) return `answered ${String(outcome)}`
  const { code, message } = outcome
  if (!CODES.has(code)) return `${code} is no code for damage: ${message}`
  const named = code === 'restore/not-found' ? path.replace(/\/manifest$/, '') : path
  if (!message.includes(named)) return `does not name the file: ${message}`
  if (damage.bytes === null) return null
  const place = /at byte (\d+)/.exec(message)?.[1]
  if (place === undefined) return `names no place: ${message}`
  return damage.at === null ? null : placeVerdict(of, path, damage.at, Number(place), message)
}

/** From the beginning of what the damage lies in (nothing before it can have been wrong) to the damage. */
function placeVerdict(
  of: Image,
  path: string,
  at: number,
  place: number,
  message: string,
): string | null {
  const from = partOf(path, present(of.files.get(path), 'a file of the image'), at)
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

class Tally {
  /** Of whose files. */
  readonly #whose: string
  readonly #rows = new Map<string, { cases: number; found: number }>()
  readonly wrong: string[] = []

  constructor(whose: string) {
    this.#whose = whose
  }

  async try(of: Image, one: Case, door: string, restore: () => Promise<number>): Promise<void> {
    const { path, kind, damage } = one
    const outcome: unknown = await restore().catch((error: unknown) => error)
    const what = `${path} ${damage.kind} ${damage.what} ${door}`
    this.count(`${this.#whose}${kind}, ${damage.kind}`, verdictOn(of, one, outcome), what)
  }

  count(row: string, verdict: string | null, what: string): void {
    const counts = this.#rows.get(row) ?? { cases: 0, found: 0 }
    counts.cases += 1
    if (verdict === null) counts.found += 1
    else this.wrong.push(`${what}: ${verdict}`)
    this.#rows.set(row, counts)
  }

  get sum(): number {
    return [...this.#rows.values()].reduce((all, { cases: n }) => all + n, 0)
  }

  /** As the page of what is proven reads it. */
  tell(what: string): void {
    const rows = [...this.#rows].map(([row, { cases: n, found }]) => `${row}: ${found} of ${n}`)
    console.log(`${what}, seed ${SEED}: ${this.sum} cases\n  ${rows.join('\n  ')}`)
  }
}

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
    const tally = new Tally('')
    const newest = `${image.job}/chk-${present(image.checkpoints.at(-1), 'a checkpoint')}/`
    for (const one of cases(image)) {
      const { path, damage } = one
      const storage = storageOf(diskOf(image, { [path]: damage.bytes }))
      const checkpoint = /^(.*\/chk-\d+)\//.exec(path)?.[1]
      const doors: (readonly [string, () => Promise<number>])[] = []
      if (checkpoint !== undefined)
        doors.push(['by path', () => restoreFrom(storage, checkpoint, plan)])
      if (checkpoint === undefined || path.startsWith(newest)) {
        doors.push(['by take-over', () => takeOver(storage, image.job)])
        doors.push(['by job id', () => restoreFrom(storage, image.job, plan)])
      }
      for (const [door, restore] of doors) await tally.try(image, one, door, restore)
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
        tally.count('several files', verdict, what)
      }
    }
    tally.tell('corruption')
    expect(tally.wrong.slice(0, 20)).toEqual([])
    expect(tally.sum).toBeGreaterThan(2_000)
  })

  it('is found in a log that was folded; what is in an entry that only holds its place there does not count', async () => {
    const folded = await takeImage(FOLDED)
    await folded.cluster.close()
    const { job, files } = folded
    const log = [...files.keys()].filter((path) => path.startsWith(`${job}/log/`))
    const entries = log.filter((path) => kindOf(path) === 'job log entry')
    const typeOf = (path: string): string =>
      openEntry(job, Number(path.slice(-10)), present(files.get(path), path), path).body.type
    const fold = present(
      entries.find((path) => typeOf(path) === 'fold'),
      'a fold',
    )
    expect(entries.filter((path) => path < fold).map(typeOf)).toEqual(['submitted', 'epoch'])
    const newest = present(folded.checkpoints.at(-1), 'a checkpoint')
    const tally = new Tally('folded ')
    for (const one of cases(folded)) {
      const { path, damage } = one
      if (!log.includes(path)) continue
      const storage = storageOf(diskOf(folded, { [path]: damage.bytes }))
      const doors = [
        ['by take-over', () => takeOver(storage, job)],
        ['by job id', () => restoreFrom(storage, job, plan)],
      ] as const
      const holdsItsPlace = kindOf(path) === 'job log entry' && path < fold && damage.bytes !== null
      for (const [door, restore] of doors) {
        if (holdsItsPlace) expect(await restore(), `${path} ${damage.what} ${door}`).toBe(newest)
        else await tally.try(folded, one, door, restore)
      }
    }
    tally.tell('corruption of a folded log')
    expect(tally.wrong.slice(0, 20)).toEqual([])
    expect(tally.sum).toBeGreaterThan(500)
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
