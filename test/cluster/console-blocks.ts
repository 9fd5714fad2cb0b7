// The `console run` blocks of a page: commands behind `$ `, and below each what it prints. What differs from run to run
// (ids, pids, times, sizes) is compared by its shape, and what a page calls 7afb4ff3c750 is called by its real name in
// the commands that follow. A line `…` stands for any lines.

import { readFileSync } from 'node:fs'

export interface Step {
  readonly command: string
  readonly expected: readonly string[]
}

/** All steps of a page, in order. */
export function stepsOf(file: string): readonly Step[] {
  const blocks = [...readFileSync(file, 'utf8').matchAll(/^```console run\n([\s\S]*?)^```/gm)]
  const steps: { command: string; expected: string[] }[] = []
  for (const line of blocks.flatMap(([, body = '']) => body.trimEnd().split('\n'))) {
    if (line.startsWith('$ ')) steps.push({ command: line.slice(2), expected: [] })
    else steps.at(-1)?.expected.push(line)
  }
  return steps
}

/** The first block of a language with the given word behind it: what the reader is asked to save. */
export function firstBlock(file: string, info: RegExp): string {
  const blocks = [...readFileSync(file, 'utf8').matchAll(/^```([^\n]*)\n([\s\S]*?)^```/gm)]
  return blocks.find(([, said = '']) => info.test(said))?.[2] ?? ''
}

/** Words whose text is another in every run. */
const WORD_SHAPES: readonly (readonly [RegExp, string])[] = [
  [/^\d{4}-\d\d-\d\dT[\d:.]+Z$/, '<time>'],
  [/^[\w.-]+-\d+-[0-9a-f]{12}$/, '<worker>'],
  [/[0-9a-f]{32}/g, '<job>'],
  [/^[0-9a-f]{12}$/, '<job>'],
  [/\d[\d,.]*/g, '<n>'],
  [/^(?:ms|s|B|kB|MB|GB)$/, '<unit>'],
]

function shapeOf(word: string): string {
  let shape = word
  for (const [pattern, mark] of WORD_SHAPES) shape = shape.replace(pattern, mark)
  return shape
}

const JOB_ID_CHARS = 32
const SHORT_ID_CHARS = 12
/** Job ids and pids: what later commands may speak of. */
const NAMED = /^(?:[0-9a-f]{32}|[0-9a-f]{12}|\d{4,7})$/

/** An attempt that has ended: whichever side notices a broken connection first, its words are there. */
const ATTEMPT_ROW = /^(\s*\d+\s+\S+Z\s+(?:\d+|-)\s+)\S.*\s.*$/

/** So with the errors of attempts, told one by one. */
const ATTEMPT_ERROR = /^ +error: .* \[[\w/-]+\]$/
/** Where a checkpoint lies that is kept: the oldest are not. */
const PATH_OR_NONE = / (?:…|-|\/\S+\/chk-\d+)$/

const wordsOf = (line: string): readonly string[] => line.split(/\s+/).filter((word) => word !== '')
const lineShape = (line: string): string =>
  wordsOf(
    line
      .replace(ATTEMPT_ROW, '$1<reason>')
      .replace(ATTEMPT_ERROR, '<error>')
      .replace(PATH_OR_NONE, ' <path>'),
  )
    .map(shapeOf)
    .join(' ')

/** What the page's words are called in this run. */
export class Names {
  readonly #real = new Map<string, string>()

  /** `command` with the page's names replaced by the real ones, longest first. */
  inCommand(command: string): string {
    const known = [...this.#real].sort(([a], [b]) => b.length - a.length)
    return known.reduce((text, [said, real]) => text.replaceAll(said, real), command)
  }

  /** Holds real lines against the page's; answers what differs, or null. Learns names where they agree. */
  compare(expected: readonly string[], real: readonly string[]): string | null {
    const pairs = aligned(expected, real)
    if (pairs === null)
      return `the page says\n  ${expected.join('\n  ')}\nand the command printed\n  ${real.join('\n  ')}`
    for (const [said, seen] of pairs) this.#learn(wordsOf(said), wordsOf(seen))
    return null
  }

  #learn(said: readonly string[], seen: readonly string[]): void {
    said.forEach((word, i) => {
      const real = seen[i]
      if (real === undefined || !NAMED.test(word)) return
      this.#real.set(word, real)
      // A job's id is also said short.
      if (word.length === JOB_ID_CHARS)
        this.#real.set(word.slice(0, SHORT_ID_CHARS), real.slice(0, SHORT_ID_CHARS))
    })
  }
}

/** Pairs of lines of equal shape, or null when they do not fit. */
function aligned(
  expected: readonly string[],
  real: readonly string[],
): readonly (readonly [string, string])[] | null {
  const [said, ...others] = expected
  if (said === undefined) return real.length === 0 ? [] : null
  if (said.trim() === '…') {
    for (let skipped = 0; skipped <= real.length; skipped++) {
      const rest = aligned(others, real.slice(skipped))
      if (rest !== null) return rest
    }
    return null
  }
  const [seen, ...rest] = real
  if (seen === undefined || lineShape(said) !== lineShape(seen)) return null
  const found = aligned(others, rest)
  return found === null ? null : [[said, seen], ...found]
}
