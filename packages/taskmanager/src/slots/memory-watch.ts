// Looks at the memory of a job process from outside, ten times a second: V8's limit counts no Buffers, and a job that fills
// memory with them would take its TaskManager and every other job of the machine with it. The judge decides; here its
// verdict is told to the job's followers, or carried out, with what the process itself said last about its slots. With the
// memory of what the job's code has started comes the number of those: small ones in thousands leave nobody room for another.
//
// A look costs 40 to 60 us (a read of /proc, no question to anybody), so ten a second are a two-thousandth of a core;
// Buffers are filled at a gibibyte or two a second at most, so a flood gets 100 to 200 MiB further than the limit.
// Where the system does not say what is resident, the process is asked; its main thread runs no code of the job.

import type { Scheduler } from '@weirjs/common/core/clock'
import { MemoryJudge } from '../core/memory-judge.ts'
import type { ProbeResult } from './protocol.ts'

export const MEMORY_LOOK_MS = 100

export interface MemoryWatchOptions {
  readonly limitBytes: number
  readonly slots: readonly number[]
  /** From outside, at once; null: the system does not say. */
  readonly residentBytes: () => number | null
  /** That it has started and that live, as of the last look. */
  readonly processes: () => number
  readonly processesMax: number
  readonly probe: () => Promise<ProbeResult>
  readonly scheduler: Scheduler
  readonly tell: (text: string) => void
  /** Once; the watch has stopped. */
  readonly onTooMuch: (reason: string) => void
  /** Instead. */
  readonly onTooMany: (reason: string) => void
}

export class MemoryWatch {
  readonly #options: MemoryWatchOptions
  readonly #judge: MemoryJudge
  #said: ProbeResult | null = null
  #asking = false
  #cancel = (): void => {}
  #stopped = false

  constructor(options: MemoryWatchOptions) {
    this.#options = options
    this.#judge = new MemoryJudge(options.limitBytes)
    this.#later()
  }

  stop(): void {
    this.#stopped = true
    this.#cancel()
  }

  #later(): void {
    this.#cancel = this.#options.scheduler.timer(MEMORY_LOOK_MS, () => {
      this.#look(this.#options.residentBytes())
      this.#count()
      if (!this.#stopped) this.#later()
    })
  }

  #look(seenBytes: number | null): void {
    if (seenBytes === null) return this.#ask((said) => this.#act(said.rssBytes))
    this.#act(seenBytes)
    // What each slot holds is wanted once it matters.
    if (this.#judge.short) this.#ask(() => {})
  }

  #count(): void {
    const { processes, processesMax, onTooMany } = this.#options
    if (this.#stopped || processes() <= processesMax) return
    this.stop()
    onTooMany(`has started more than ${processesMax} processes that still run`)
  }

  #act(bytes: number): void {
    const { limitBytes, tell, onTooMuch } = this.#options
    const of = `${mebibytes(bytes)} of ${mebibytes(limitBytes)} MiB`
    switch (this.#judge.look(bytes)) {
      case 'short':
        return tell(`the job process uses ${of} of memory; when it has more, it is ended`)
      case 'relieved':
        return tell(`the job process uses ${of} of memory again`)
      case 'ended':
        this.stop()
        return onTooMuch(`uses ${of} of memory that it may: ${this.#split()}`)
      case 'over':
      case 'unchanged':
    }
  }

  /** One question at a time; a process that is gone needs no watch. */
  #ask(then: (said: ProbeResult) => void): void {
    if (this.#asking || this.#stopped) return
    this.#asking = true
    // Cannot reject: both outcomes are handled.
    void this.#options.probe().then(
      (said) => {
        this.#asking = false
        if (this.#stopped) return
        this.#said = said
        then(said)
      },
      () => this.stop(),
    )
  }

  #split(): string {
    const said = this.#said
    if (said === null || said.slotMemory.length === 0) return 'its slots have not told how'
    const each = said.slotMemory.map(
      ({ heapBytes, externalBytes }, i) =>
        `slot ${this.#options.slots[i]}: ${mebibytes(heapBytes)} MiB on its heap and ${mebibytes(externalBytes)} MiB in Buffers`,
    )
    return `at the last count, ${each.join(', ')}`
  }
}

const mebibytes = (bytes: number): number => Math.round(bytes / 1_024 ** 2)
