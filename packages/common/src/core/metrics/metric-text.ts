// Measures as text, in the exposition format that Prometheus reads (version 0.0.4). It writes what it is given, in the
// order in which it is given, escaped; a family without samples leaves nothing behind. It keeps no values: whoever is
// asked for measures gathers them at that moment.

export type MetricType = 'counter' | 'gauge' | 'histogram'

/** Label name to value. Names are ours and right; values may be anything. */
export type MetricLabels = Readonly<Record<string, string | number>>

export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** Upper ends of the parts of a histogram, rising, with what lies at or below each: not cumulative. */
export interface Distribution {
  readonly bounds: readonly number[]
  /** One more than bounds: the last is above them all. */
  readonly counts: readonly number[]
  readonly sum: number
}

export class MetricText {
  readonly #lines: string[] = []

  /** Begins a family; all samples until the next one belong to it. `help` is one line. */
  family(name: string, type: MetricType, help: string): MetricFamily {
    return new MetricFamily(this.#lines, name, `# HELP ${name} ${help}\n# TYPE ${name} ${type}`)
  }

  toString(): string {
    return this.#lines.length === 0 ? '' : `${this.#lines.join('\n')}\n`
  }
}

export class MetricFamily {
  readonly #lines: string[]
  readonly #name: string
  #head: string | null

  constructor(lines: string[], name: string, head: string) {
    this.#lines = lines
    this.#name = name
    this.#head = head
  }

  sample(value: number, labels: MetricLabels = {}): this {
    this.#write(this.#name, labels, value)
    return this
  }

  distribution({ bounds, counts, sum }: Distribution, labels: MetricLabels = {}): this {
    let total = 0
    for (const [index, count] of counts.entries()) {
      total += count
      const bound = bounds[index]
      const le = bound === undefined ? '+Inf' : `${bound}`
      this.#write(`${this.#name}_bucket`, { ...labels, le }, total)
    }
    this.#write(`${this.#name}_sum`, labels, sum)
    this.#write(`${this.#name}_count`, labels, total)
    return this
  }

  #write(name: string, labels: MetricLabels, value: number): void {
    if (this.#head !== null) this.#lines.push(this.#head)
    this.#head = null
    const pairs = Object.entries(labels).map(([label, said]) => `${label}="${escaped(`${said}`)}"`)
    const braces = pairs.length === 0 ? '' : `{${pairs.join(',')}}`
    this.#lines.push(`${name}${braces} ${numberText(value)}`)
  }
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : `${value}`
}
