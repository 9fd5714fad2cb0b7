// When somebody should be told that a process runs short of something: disk, inodes, file descriptors, memory. Pure: it is
// shown samples, and answers what has changed since the one before. A shortage ends only when there is clearly more again, so
// that a value that swings around its threshold does not fill the log.

export type Resource = 'disk' | 'inodes' | 'open-files' | 'memory'

/** null: the system does not say. */
export interface ResourceSample {
  /** Where it is least, of the places that the process writes to. */
  readonly disk: { readonly path: string; readonly freeBytes: number } | null
  /** Where the largest share of them is taken. */
  readonly inodes: NamedUsage | null
  /** Of the process that has the largest share of its own limit. */
  readonly openFiles: NamedUsage | null
  /** `of`: what uses it, behind "are used by". */
  readonly memory: NamedUsage | null
}

/** Numbers of inodes or descriptors, or bytes. */
export interface Usage {
  readonly used: number
  readonly limit: number
}

export interface NamedUsage extends Usage {
  /** A path, a process, or some of them. */
  readonly of: string
}

export interface ResourceThresholds {
  /** Less is a shortage. */
  readonly diskFreeBytesMin: number
  /** More is a shortage; 0 … 1. */
  readonly openFilesRatioMax: number
  /** More is a shortage; 0 … 1. */
  readonly memoryRatioMax: number
}

export interface ResourceChange {
  readonly resource: Resource
  /** True: it has begun. False: it is over. */
  readonly short: boolean
  /** `/data has 12 MiB left`, for a log. */
  readonly what: string
}

/** Of the inodes of a file system; more is a shortage. */
export const INODES_RATIO_MAX = 0.95
/** A shortage is over when there is so much more than its threshold wants. */
export const RELIEF_RATIO = 0.1
const MEBIBYTE = 2 ** 20

interface Judged {
  readonly resource: Resource
  readonly short: boolean
  readonly relieved: boolean
  readonly what: string
}

export class ResourceWatch {
  readonly #thresholds: ResourceThresholds
  readonly #short = new Set<Resource>()

  constructor(thresholds: ResourceThresholds) {
    this.#thresholds = thresholds
  }

  /** What has begun or ended since the sample before. */
  judge(sample: ResourceSample): readonly ResourceChange[] {
    const { diskFreeBytesMin, openFilesRatioMax, memoryRatioMax } = this.#thresholds
    const judged = [
      judgeDisk(sample.disk, diskFreeBytesMin),
      judgeUsage('inodes', sample.inodes, INODES_RATIO_MAX, leftOf),
      judgeUsage('open-files', sample.openFiles, openFilesRatioMax, openIn),
      judgeUsage('memory', sample.memory, memoryRatioMax, usedMemory),
    ]
    return judged.flatMap((one) => (one === null ? [] : this.#changed(one)))
  }

  #changed({ resource, short, relieved, what }: Judged): readonly ResourceChange[] {
    const before = this.#short.has(resource)
    if (short && !before) {
      this.#short.add(resource)
      return [{ resource, short: true, what }]
    }
    if (!before || !relieved) return []
    this.#short.delete(resource)
    return [{ resource, short: false, what }]
  }
}

function judgeDisk(disk: ResourceSample['disk'], freeBytesMin: number): Judged | null {
  if (disk === null) return null
  const { path, freeBytes } = disk
  return {
    resource: 'disk',
    short: freeBytes < freeBytesMin,
    relieved: freeBytes >= freeBytesMin * (1 + RELIEF_RATIO),
    what: `${path} has ${Math.floor(freeBytes / MEBIBYTE)} MiB left`,
  }
}

function judgeUsage<U extends Usage>(
  resource: Exclude<Resource, 'disk'>,
  usage: U | null,
  ratioMax: number,
  what: (usage: U) => string,
): Judged | null {
  if (usage === null || usage.limit <= 0) return null
  const ratio = usage.used / usage.limit
  return {
    resource,
    short: ratio > ratioMax,
    relieved: ratio <= ratioMax * (1 - RELIEF_RATIO),
    what: what(usage),
  }
}

const leftOf = ({ of, used, limit }: NamedUsage): string =>
  `${of} has ${limit - used} of ${limit} inodes left`
const openIn = ({ of, used, limit }: NamedUsage): string =>
  `${of} has ${used} of ${limit} file descriptors open`
const usedMemory = ({ of, used, limit }: NamedUsage): string =>
  `${Math.round(used / MEBIBYTE)} of ${Math.round(limit / MEBIBYTE)} MiB of memory are used by ${of}`

/** The one that is nearest to its limit; null: none. */
export function tightest(usages: readonly (NamedUsage | null)[]): NamedUsage | null {
  const known = usages.filter((one) => one !== null).filter(({ limit }) => limit > 0)
  return known.toSorted((a, b) => b.used / b.limit - a.used / a.limit)[0] ?? null
}
