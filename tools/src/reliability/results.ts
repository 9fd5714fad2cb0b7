// What the suites say in JSON, as far as the page shows it. Their own types are in test/ and tools/; a field that went
// missing there leaves a hole in the page, which its test looks for.

export interface Simulated {
  readonly seeds: number
  readonly violations: number
  readonly simulatedSeconds: number
  readonly faults: number
  readonly faultsByKind: Readonly<Record<string, number>>
  /** Not in results from before 2026-11-29. */
  readonly effects?: Readonly<Record<string, number>>
  readonly moments?: Readonly<Record<string, number>>
  readonly failpoints: number
  readonly failpointsNotHit: readonly string[]
  readonly checkpoints: number
  readonly restarts: number
  readonly threads: number
  readonly wallSeconds: number
  readonly realTimeFactor: number
}

export interface Mutants {
  readonly mutants: number
  readonly missed: readonly string[]
  readonly rows: readonly {
    readonly name: string
    readonly trap: string
    readonly what: string
    readonly caught: boolean
    readonly simulation: string
    readonly unit: string
  }[]
}

export interface Faults {
  readonly cells: number
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly results: readonly {
    readonly name: string
    readonly verdict: string
    readonly proof: string
    readonly firstOutputMs: number | null
    readonly restarts: number
    readonly reasons: readonly string[]
  }[]
}

interface Spread {
  readonly median: number
  readonly p95: number
  readonly max: number
}

export interface Recovery {
  readonly measured: number
  readonly runningMs: Spread | null
  readonly outputMs: Spread | null
}

export interface Measured {
  readonly recovery: Readonly<Record<string, Recovery>>
  /** By kind: 95 of 100 may take so long. */
  readonly promisedMs?: Readonly<Record<string, number>>
}

export interface Chaos {
  readonly seed: number
  readonly minutes: number
  readonly kills: number
  readonly killsByKind: Readonly<Record<string, number>>
  /** By partitions; null: there were none; older records do not say. */
  readonly droppedPackets?: number | null
  readonly restarts: number
  readonly checkpoints: number
  readonly records: number
  readonly gapsWithCheckpoint: number
  readonly growth: Readonly<Record<string, number>> | null
  /** null: no time without faults was wanted; older records do not say. */
  readonly quiet?: {
    readonly minutes: number
    readonly floors: readonly {
      readonly kind: string
      readonly floors: readonly number[]
      readonly perMinute: number
    }[]
  } | null
  readonly recovery: Readonly<Record<string, Recovery>>
  readonly failures: readonly { readonly oracle: string; readonly message: string }[]
  readonly violations: number
}

export interface Finish {
  readonly runs: number
  readonly failed: number
}
