// A snapshot of heap state under way. It walks the tables group by group in slices and writes each
// piece that was there at its moment, unless the piece has been preserved already because it was
// about to change (see moments). What is preserved waits encoded, per table and group, and joins
// the group's segment when the walk comes to its end: from then on every piece of the group carries
// a newer stamp, and nothing is preserved there any more.

import { assert, present } from '@weirjs/common/core/assert'
import type { KeyedStateSnapshot, KeyGroupSegment } from '@weirjs/common/core/checkpoint/handles'
import type { Clock } from '@weirjs/common/core/clock'
import { within } from '@weirjs/common/codec/not-encodable'
import type { EntrySink, Moments, RunningSnapshot, SnapshotTable, Stamped } from './moments.ts'
import { ChunkGatherer } from './chunk.ts'
import type { KeyedSnapshot, StateSink } from './state-backend.ts'

/** Entries, or pieces without any, between two looks at the clock. */
const ENTRIES_PER_LOOK = 256
/** Empty groups cost next to nothing, but there may be 32,768 of them per state. */
const GROUPS_PER_LOOK = 1_024

/** What the manifest says about a table. */
export type TableFacts = Omit<KeyedStateSnapshot, 'segments'>

export interface TableToWrite {
  readonly table: SnapshotTable
  readonly facts: TableFacts
}

interface Orphans {
  readonly entries: ReadonlyMap<unknown, Stamped>
  /** The last snapshot that they belong to. */
  readonly newest: number
}

/** What is preserved of one group of one table. */
class Preserved {
  /** Pieces that changed since. */
  entries: ChunkGatherer | null = null
  /** Maps that were dropped as a whole; the walk still has to write them. */
  readonly orphans: Orphans[] = []
}

/** Room of a group's first preserved chunk: many groups have only a few such entries. */
const PRESERVED_BYTES_MIN = 512

export class HeapSnapshot implements KeyedSnapshot, RunningSnapshot {
  readonly moment: number
  readonly #tables: readonly TableToWrite[]
  readonly #groups: number
  readonly #firstKeyGroup: number
  readonly #moments: Moments
  readonly #clock: Clock
  readonly #onDone: (written: readonly KeyedStateSnapshot[]) => void
  /** By table, then by group. */
  readonly #preserved: (Preserved | undefined)[][]
  readonly #segments: KeyGroupSegment[][]
  /** Where a table, by its index, lies in `#tables`; absent when the snapshot does not want it. */
  readonly #positions: (number | undefined)[] = []
  #tableAt = 0
  #groupAt = 0
  #scan: Iterator<Stamped> | null = null
  /** The last snapshot that the entries of the scan belong to. */
  #newest = Number.POSITIVE_INFINITY
  #segmentOpen = false
  /** What user codecs threw while preserving: the snapshot's failure, not the record's. */
  #failure: { readonly error: unknown } | null = null
  #released = false

  constructor(o: {
    moment: number
    tables: readonly TableToWrite[]
    groups: number
    firstKeyGroup: number
    moments: Moments
    clock: Clock
    onDone: (written: readonly KeyedStateSnapshot[]) => void
  }) {
    this.moment = o.moment
    this.#tables = o.tables
    this.#groups = o.groups
    this.#firstKeyGroup = o.firstKeyGroup
    this.#moments = o.moments
    this.#clock = o.clock
    this.#onDone = o.onDone
    this.#preserved = o.tables.map(() => [])
    this.#segments = o.tables.map(() => [])
    o.tables.forEach((place, at) => {
      this.#positions[place.table.index] = at
    })
  }

  preserve(table: SnapshotTable, group: number, piece: Stamped): void {
    const at = this.#positions[table.index]
    if (at === undefined || this.#failure !== null) return
    const preserved = this.#preservedOf(at, group)
    preserved.entries ??= new ChunkGatherer(PRESERVED_BYTES_MIN)
    try {
      this.#write(preserved.entries, table, group, piece)
    } catch (error) {
      this.#failure = { error }
    }
  }

  preserveAll(table: SnapshotTable, group: number, entries: ReadonlyMap<unknown, Stamped>): void {
    const at = this.#positions[table.index]
    if (at === undefined || this.#isPast(at, group)) return
    this.#preservedOf(at, group).orphans.push({ entries, newest: this.#moments.latest })
  }

  advance(sink: StateSink, budgetMs: number): 'more' | 'done' {
    assert(!this.#released, 'a released snapshot does not advance')
    this.#throwFailure()
    const end = this.#clock.nowMs() + budgetMs
    let groupsSeen = 0
    for (;;) {
      const place = this.#tables[this.#tableAt]
      if (place === undefined) return this.#finish()
      if (this.#groupAt === this.#groups) {
        this.#tableAt += 1
        this.#groupAt = 0
        continue
      }
      const worked = this.#advanceGroup(sink, place.table)
      groupsSeen += 1
      this.#throwFailure()
      if (!worked && groupsSeen % GROUPS_PER_LOOK !== 0) continue
      if (sink.full || this.#clock.nowMs() >= end) return this.#isAtEnd() ? this.#finish() : 'more'
    }
  }

  result(): readonly KeyedStateSnapshot[] {
    assert(this.#isAtEnd(), 'a snapshot has a result when it is done')
    return this.#tables
      .map(({ facts }, at) => ({ ...facts, segments: this.#segments[at] ?? [] }))
      .filter((state) => state.segments.length > 0)
  }

  release(): void {
    if (this.#released) return
    this.#released = true
    this.#moments.end(this)
    this.#preserved.length = 0
    this.#scan = null
  }

  /** Works on the group at hand for one look's worth; false when there was nothing at all to do. */
  #advanceGroup(sink: StateSink, table: SnapshotTable): boolean {
    const group = this.#groupAt
    if (this.#scan === null) {
      this.#scan = table.scan(group)
      this.#newest = Number.POSITIVE_INFINITY
    }
    if (this.#scan !== null && !this.#writeSome(sink, table, this.#scan)) return true
    const preserved = this.#preserved[this.#tableAt]?.[group]
    const orphans = preserved?.orphans.pop()
    if (orphans !== undefined) {
      this.#scan = orphans.entries.values()
      this.#newest = orphans.newest
      return true
    }
    const worked = this.#scan !== null || preserved !== undefined
    if (preserved !== undefined) this.#writePreserved(sink, preserved)
    this.#closeSegment(sink)
    this.#scan = null
    this.#groupAt += 1
    return worked
  }

  #writePreserved(sink: StateSink, preserved: Preserved): void {
    for (const chunk of preserved.entries?.take() ?? []) {
      this.#openSegment(sink)
      sink.block(chunk)
    }
    delete this.#preserved[this.#tableAt]?.[this.#groupAt]
  }

  /** True when the scan is at its end. */
  #writeSome(sink: StateSink, table: SnapshotTable, scan: Iterator<Stamped>): boolean {
    const group = this.#groupAt
    const { chunks } = sink
    for (let written = 0, seen = 0; written < ENTRIES_PER_LOOK && seen < ENTRIES_PER_LOOK; seen++) {
      const step = scan.next()
      if (step.done === true) return true
      const piece = step.value
      if (piece.stamp >= this.moment) continue
      this.#openSegment(sink)
      this.#moments.settleOthers(table, group, piece, this, this.#newest)
      written += this.#write(sink, table, group, piece)
      if (sink.chunks !== chunks) return false
    }
    return false
  }

  /** A value that is not what its state was declared for is told with the name of that. */
  #write(sink: EntrySink, table: SnapshotTable, group: number, piece: Stamped): number {
    try {
      return table.write(sink, group, piece)
    } catch (error) {
      const place = this.#tables[this.#positions[table.index] ?? -1]
      throw within(`state "${place?.facts.name}"`, '', error)
    }
  }

  #preservedOf(at: number, group: number): Preserved {
    const groups = present(this.#preserved[at], 'a place for what is preserved')
    let preserved = groups[group]
    if (preserved === undefined) {
      preserved = new Preserved()
      groups[group] = preserved
    }
    return preserved
  }

  #openSegment(sink: StateSink): void {
    if (this.#segmentOpen) return
    sink.beginSegment()
    this.#segmentOpen = true
  }

  #closeSegment(sink: StateSink): void {
    if (!this.#segmentOpen) return
    this.#segmentOpen = false
    const keyGroup = this.#firstKeyGroup + this.#groupAt
    const segment = sink.endSegment()
    // All that was in its pieces may have been removed since.
    if (segment.entries > 0) this.#segments[this.#tableAt]?.push({ keyGroup, ...segment })
  }

  #throwFailure(): void {
    if (this.#failure !== null) throw this.#failure.error
  }

  #finish(): 'done' {
    if (!this.#released) this.#onDone(this.result())
    this.release()
    return 'done'
  }

  #isAtEnd(): boolean {
    return this.#tableAt >= this.#tables.length
  }

  #isPast(at: number, group: number): boolean {
    return at < this.#tableAt || (at === this.#tableAt && group < this.#groupAt)
  }
}
