// Which snapshots are under way, for copy-on-first-write. State comes in pieces (a page of a table,
// a cell of a map), and every piece carries a stamp: the number of the newest snapshot that had
// begun when the piece was made or last written out. A piece with a stamp below the number of a
// running snapshot still owes itself to that snapshot, so it is encoded before anything in it may
// change. While no snapshot runs, `barrier` is 0 and one comparison is all that a write pays.
//
// Nothing is copied as an object: a piece that is about to change is encoded at once, as the
// snapshot would have done later. So each entry is encoded once per snapshot, and what user code
// mutates afterwards cannot leak in (trap G1).

import type { ByteSink, Key } from '@weirjs/common/core/codec'

/** One piece of state that is written as a whole: some entries, or a single one. */
export interface Stamped {
  stamp: number
}

/** Takes encoded entries. */
export interface EntrySink {
  /** Write one entry by calling codecs on the sink that this answers, then call `endEntry`. */
  beginEntry(): ByteSink
  endEntry(): void
}

/** What a snapshot needs of a table. Groups are counted from the backend's first key group. */
export interface SnapshotTable<E extends Stamped = Stamped> {
  /** Position among the backend's tables. */
  readonly index: number
  /**
   * Live iteration over a group; entries made meanwhile may be seen or not, deleted ones are not.
   */
  scan(group: number): Iterator<E> | null
  /** Encodes what is in a piece of the group; answers how many entries that was. */
  write(sink: EntrySink, group: number, piece: E): number
}

/** A snapshot that still wants entries. */
export interface RunningSnapshot {
  readonly moment: number
  /** Encodes the entry now, as it is about to change. */
  preserve(table: SnapshotTable, group: number, entry: Stamped): void
  /** Takes over what is being dropped as a whole; the entries are still to be written. */
  preserveAll(table: SnapshotTable, group: number, entries: ReadonlyMap<Key, Stamped>): void
}

export class Moments {
  /** Number of the newest snapshot ever begun: the stamp of new entries. */
  latest = 0
  /** Number of the newest snapshot under way; 0: there is none. */
  barrier = 0
  #running: RunningSnapshot[] = []

  begin<S extends RunningSnapshot>(make: (moment: number) => S): S {
    this.latest += 1
    const snapshot = make(this.latest)
    this.#running.push(snapshot)
    this.barrier = this.latest
    return snapshot
  }

  end(snapshot: RunningSnapshot): void {
    this.#running = this.#running.filter((other) => other !== snapshot)
    this.barrier = this.#running.reduce((highest, other) => Math.max(highest, other.moment), 0)
  }

  /**
   * Gives the entry to every snapshot that it still owes itself to, because it is about to change.
   */
  settle(table: SnapshotTable, group: number, entry: Stamped): void {
    for (const snapshot of this.#running) {
      if (entry.stamp < snapshot.moment) snapshot.preserve(table, group, entry)
    }
    entry.stamp = this.latest
  }

  /**
   * The same when `writer` writes the entry itself. `newest` is the last snapshot that it belongs
   * to: an entry that was dropped owes itself to no later one.
   */
  settleOthers(
    table: SnapshotTable,
    group: number,
    entry: Stamped,
    writer: RunningSnapshot,
    newest: number,
  ): void {
    if (this.#running.length > 1) {
      for (const other of this.#running) {
        const owes = entry.stamp < other.moment && other.moment <= newest
        if (owes && other !== writer) other.preserve(table, group, entry)
      }
    }
    entry.stamp = this.latest
  }

  settleAll(table: SnapshotTable, group: number, entries: ReadonlyMap<Key, Stamped>): void {
    for (const snapshot of this.#running) snapshot.preserveAll(table, group, entries)
  }
}
