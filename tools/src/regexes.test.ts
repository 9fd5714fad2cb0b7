// Every regular expression of the product against texts of up to a mebibyte that are made to hurt it: runs of what it looks
// for, with an end that it does not. One that needs more than linear time is found at a small size, so that this test never
// hangs. A new expression is covered by being there.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseAst } from 'rolldown/parseAst'
import { expect, test } from 'vitest'

const MS_MAX = 50
/** The first time an expression is interpreted, later it is compiled; and the machine may be busy with something else. */
const LOOKS = 30
/** Each the double of the one before: what takes more than linear time is seen before it takes minutes, on any machine. */
const SIZES = Array.from({ length: 11 }, (_, doublings) => 1_024 << doublings)

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const sources = execFileSync('git', ['ls-files', 'packages'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter(
    (path) => /\/src\/.*\.ts$/.test(path) && !/\.(test|contract|fixture)\.ts$|\/gen\//.test(path),
  )

/** Only ever see text whose length somebody has bounded before; each with the bound. */
const BOUNDED: Readonly<Record<string, string>> = {
  '\\[?\\s*(\\/[^\\s[\\]:]+:\\d+:\\d+)': 'the first 2,000 characters of what the bundler says',
}

interface Found {
  readonly expression: RegExp
  readonly path: string
}

function expressionsOf(path: string): readonly Found[] {
  const found: Found[] = []
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return
    if ('regex' in node && 'value' in node && node.value instanceof RegExp)
      found.push({ expression: node.value, path })
    for (const child of Object.values(node)) visit(child)
  }
  visit(parseAst(readFileSync(join(root, path), 'utf8'), { lang: 'ts' }))
  return found
}

const all = [
  ...new Map(
    sources
      .flatMap(expressionsOf)
      .map((one) => [`${one.expression.source}/${one.expression.flags}`, one] as const),
  ).values(),
]

/** What an expression's own letters, and one of each common kind, make when they are repeated. */
function pumps(source: string): readonly string[] {
  const plain = source.replaceAll(/\\[a-zA-Z]|\(\?[:<=!]*|[()[\]{}|^$*+?.\\]/g, ' ').split(' ')
  const own = plain.flatMap((text) => [text, text.slice(0, 1), text.slice(-1)])
  const kinds = [
    'a',
    'Z',
    '0',
    ' ',
    '\t',
    '\n',
    '.',
    '-',
    '_',
    '/',
    ':',
    ',',
    '"',
    '0.',
    'a.',
    'a ',
    '${A',
    '%00',
  ]
  return [...new Set([...own, ...kinds])].filter((pump) => pump !== '')
}

function msOf(fresh: RegExp, text: string): number {
  fresh.lastIndex = 0
  const startedAt = performance.now()
  fresh.test(text)
  return performance.now() - startedAt
}

/** null, or with what it takes too long. */
function hurtBy({ expression }: Found): string | null {
  // One match from the start is what `test`, `exec` and the first step of `replaceAll` do; a sticky one looks nowhere else.
  const fresh = new RegExp(expression.source, expression.flags.replace('g', ''))
  for (const pump of pumps(expression.source)) {
    for (const size of SIZES) {
      const text = `${pump.repeat(Math.floor(size / pump.length))}\u0001`
      let best = Number.POSITIVE_INFINITY
      for (let look = 0; look < LOOKS && best >= MS_MAX; look += 1)
        best = Math.min(best, msOf(fresh, text))
      if (best >= MS_MAX)
        return `${JSON.stringify(pump)} × ${size / 1_024} KiB: ${Math.round(best)} ms`
    }
  }
  return null
}

test('expressions are found', () => {
  expect(all.length).toBeGreaterThan(50)
})

test.each(all.map((found) => [`${found.expression}`, found] as const))(
  '%s takes linear time',
  (_name, found) => {
    const hurt = hurtBy(found)
    const known = Object.hasOwn(BOUNDED, found.expression.source)
    expect(known ? hurt !== null : hurt === null, `${found.path}: ${hurt}`).toBe(true)
  },
)
