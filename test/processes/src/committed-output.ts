// A reader of committed output that looks while things are killed. Everybody who reads the directory may have seen what it
// has seen: so what was once visible must stay as it is, and no record may ever be visible twice. It does not take the
// engine's word for anything: it reads files.

import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { filesBelow } from './entries-below.ts'
import { keyOf } from './counting-plan.ts'
import type { Violation } from './violation.ts'

const VIOLATIONS_MAX = 20
const COMPARED_EACH_LOOK = 50
/** What a file holds is remembered for so long. */
const YOUNG_MS_MAX = 1_000

export interface CountedLine {
  readonly n: number
  readonly key: string
  readonly count: number
}

export interface OutputOptions {
  readonly directory: string
  /** Numbers 0 … records - 1 are expected. */
  readonly records: number
  readonly keys: number
}

/** The life of a writer, taken from the name of its files. */
export interface WriterLife {
  readonly epoch: number
  readonly attempt: number
}

/** A file that has only just become visible. */
interface YoungFile {
  readonly name: string
  readonly seenAtMs: number
  readonly lines: CountedLine[]
}

interface SeenFile {
  readonly identity: string
  readonly sha256: string
}

export class CommittedOutput {
  readonly #options: OutputOptions
  readonly #files = new Map<string, SeenFile>()
  readonly #times: Uint8Array
  readonly #countsByKey = new Map<string, number[]>()
  readonly #violations: Violation[] = []
  #young: YoungFile[] = []
  #records = 0
  #turn = 0
  #newestLife: WriterLife = { epoch: 0, attempt: 0 }

  constructor(options: OutputOptions) {
    this.#options = options
    this.#times = new Uint8Array(options.records)
  }

  /** Records that are visible. */
  get records(): number {
    return this.#records
  }

  get files(): number {
    return this.#files.size
  }

  /** The newest attempt that has published anything. */
  get newestLife(): WriterLife {
    return this.#newestLife
  }

  get violations(): readonly Violation[] {
    return this.#violations
  }

  /** One look at the directory: new files are read, and of those that are known some are compared, in turn. */
  look(): void {
    const names = visibleFiles(this.#options.directory)
    const present = new Set(names)
    for (const name of this.#files.keys()) {
      if (present.has(name)) continue
      this.#complain('visible', `${name} has disappeared`)
      this.#files.delete(name)
    }
    for (const name of names) if (!this.#files.has(name)) this.#read(name)
    for (let i = 0; i < Math.min(COMPARED_EACH_LOOK, names.length); i++) {
      this.#turn = (this.#turn + 1) % names.length
      const name = names[this.#turn] as string
      if (this.#files.get(name)?.identity !== identityOf(this.#path(name)))
        this.#complain('visible', `${name} has been replaced or changed`)
    }
  }

  /**
   * The power was off: names that had become visible within `youngMs` before the last look may be gone, because no sync
   * of their directory had been confirmed. Answers how many are. All others must still be there.
   */
  forgetYoung(youngMs: number): number {
    const present = new Set(visibleFiles(this.#options.directory))
    const newestMs = this.#young.at(-1)?.seenAtMs ?? 0
    const gone = this.#young.filter(
      ({ name, seenAtMs }) => !present.has(name) && seenAtMs > newestMs - youngMs,
    )
    for (const { name, lines } of gone) {
      this.#files.delete(name)
      for (const line of lines) this.#untake(line)
    }
    return gone.length
  }

  /** At the end: a last look, all bytes once more, and every record exactly once with counts 1 … k for each key. */
  judge(): readonly Violation[] {
    this.look()
    for (const [name, { sha256 }] of this.#files) {
      if (hashOf(readFileSync(this.#path(name))) !== sha256)
        this.#complain('visible', `the bytes of ${name} have changed`)
    }
    this.#judgeNumbers()
    this.#judgeCounts()
    return this.#violations
  }

  #read(name: string): void {
    const path = this.#path(name)
    const bytes = readFileSync(path)
    this.#files.set(name, { identity: identityOf(path), sha256: hashOf(bytes) })
    const text = bytes.toString('utf8')
    const lines: CountedLine[] = []
    if (!text.endsWith('\n')) this.#complain('ledger', `${name} ends within a line`)
    for (const line of text.split('\n')) if (line !== '') lines.push(this.#take(name, line))
    this.#noteLife(name)
    const seenAtMs = performance.now()
    this.#young = this.#young.filter((young) => young.seenAtMs > seenAtMs - YOUNG_MS_MAX)
    this.#young.push({ name, seenAtMs, lines })
  }

  #take(name: string, text: string): CountedLine {
    const line = this.#parse(name, text)
    const { n, key, count } = line
    this.#records += 1
    const times = this.#times[n]
    if (times === undefined) {
      this.#complain('ledger', `${name}: nobody made record ${n}`)
      return line
    }
    this.#times[n] = times + 1
    if (times > 0) this.#complain('ledger', `record ${n} is visible ${times + 1} times (${name})`)
    if (key !== keyOf(n, this.#options.keys))
      this.#complain('ledger', `record ${n} has key ${key} (${name})`)
    const counts = this.#countsByKey.get(key)
    if (counts === undefined) this.#countsByKey.set(key, [count])
    else counts.push(count)
    return line
  }

  #untake({ n, key, count }: CountedLine): void {
    this.#records -= 1
    this.#times[n] = (this.#times[n] ?? 1) - 1
    const counts = this.#countsByKey.get(key) ?? []
    counts.splice(counts.lastIndexOf(count), 1)
  }

  #parse(name: string, line: string): CountedLine {
    try {
      return JSON.parse(line) as CountedLine
    } catch {
      this.#complain('ledger', `${name} has a broken line: ${line.slice(0, 80)}`)
      return { n: -1, key: '', count: 0 }
    }
  }

  #judgeNumbers(): void {
    const lost = this.#times.reduce((sum, times) => sum + (times === 0 ? 1 : 0), 0)
    if (lost === 0) return
    const first = this.#times.indexOf(0)
    this.#complain('ledger', `${lost} records are lost, the first is ${first}`)
  }

  #judgeCounts(): void {
    for (const [key, counts] of this.#countsByKey) {
      const wrong = [...counts].toSorted((a, b) => a - b).findIndex((count, i) => count !== i + 1)
      if (wrong >= 0)
        this.#complain(
          'counts',
          `the counts of ${key} are not 1 … ${counts.length}: see ${wrong + 1}`,
        )
    }
  }

  /** `<uid>-<subtask>-<vertex>-<subtask>-<epoch>-<attempt>-<number>.ndjson` */
  #noteLife(name: string): void {
    const [, epoch, attempt] = /-(\d+)-(\d+)-\d+\.ndjson$/.exec(name) ?? []
    const life = { epoch: Number(epoch ?? 0), attempt: Number(attempt ?? 0) }
    if (isNewer(life, this.#newestLife)) this.#newestLife = life
  }

  #path(name: string): string {
    return join(this.#options.directory, name)
  }

  #complain(oracle: Violation['oracle'], message: string): void {
    if (this.#violations.length < VIOLATIONS_MAX) this.#violations.push({ oracle, message })
  }
}

export const isNewer = (a: WriterLife, b: WriterLife): boolean =>
  a.epoch > b.epoch || (a.epoch === b.epoch && a.attempt > b.attempt)

/** Names of the files that readers are meant to see; what is hidden is staging. */
export function visibleFiles(directory: string): readonly string[] {
  if (!existsSync(directory)) return []
  return readdirSync(directory).filter((name) => !name.startsWith('.'))
}

/** All lines of all visible files of NDJSON. */
export function readRows<T>(directory: string): readonly T[] {
  return visibleFiles(directory)
    .flatMap((name) => readFileSync(join(directory, name), 'utf8').split('\n'))
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T)
}

/** Files that a sink has staged and not published. */
export function stagedFiles(directory: string): readonly string[] {
  return filesBelow(join(directory, '.weir-staging'))
}

function identityOf(path: string): string {
  const facts = statSync(path, { throwIfNoEntry: false })
  return facts === undefined ? 'gone' : `${facts.ino} ${facts.size} ${facts.mtimeMs}`
}

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
