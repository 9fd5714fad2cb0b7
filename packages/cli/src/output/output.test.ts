import { readFileSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'
import { toFailure, WeirError } from '@weirjs/common/core/errors'
import { describe, expect, test } from 'vitest'
import { exitCodeOf } from '../exit-codes.ts'
import { asWeirError, errorJson, errorLines, lastOutputLines } from './errors.ts'
import { Style, wantsColour } from './style.ts'
import { facts, table } from './table.ts'
import { Terminal } from './terminal.ts'
import { counted, formatBytes, formatDuration, formatRate } from './units.ts'

const plain = new Style(false)

function docsOf(code: string): string {
  const said = errorJson({ code, message: '', domain: 'user', retry: 'never' })
  return (said as { readonly error: { readonly docs: string } }).error.docs
}

describe('output', () => {
  test('tables line their columns up, whatever the colours', () => {
    const colour = new Style(true)
    const rows = [
      { name: 'a', n: 1 },
      { name: 'longer', n: 1_000 },
    ]
    const lines = table(
      [
        { title: 'NAME', cell: (row) => row.name, paint: (text) => colour.paint('red', text) },
        { title: 'N', cell: (row) => `${row.n}`, align: 'right' },
      ],
      rows,
    )
    expect(lines.map((line) => stripVTControlCharacters(line))).toEqual([
      'NAME       N',
      'a          1',
      'longer  1000',
    ])
  })

  test('what comes from elsewhere cannot move the cursor', () => {
    const evil = 'x\n\u001b[2J\u009b1m'
    const shown = 'x\\u000a\\u001b[2J\\u009b1m'
    expect(table([{ title: 'NAME', cell: () => evil }], [1])).toEqual(['NAME', shown])
    expect(facts([['name', evil]])).toEqual(['name  x', '      \\u001b[2J\\u009b1m'])
    const failure = {
      ...toFailure(new WeirError('job/failed', evil, { domain: 'user', hint: evil })),
      location: evil,
      lastOutput: [evil],
    }
    const lines = [...errorLines(failure, plain, true), ...lastOutputLines(failure)]
    expect(lines.join('\n')).not.toMatch(/\p{Cc}(?<!\n)/u)
    expect(lines.slice(0, 2)).toEqual([`error: x (${shown}) [job/failed]`, '\\u001b[2J\\u009b1m'])
    expect(lines.at(-1)).toBe(`  ${shown}`)
  })

  test('colour wants a terminal and nobody who forbids it', () => {
    const tty = { isTTY: true }
    expect(wantsColour(tty, {}, true)).toBe(true)
    expect(wantsColour(tty, { NO_COLOR: '1' }, true)).toBe(false)
    expect(wantsColour(tty, { NO_COLOR: '' }, true)).toBe(true)
    expect(wantsColour(tty, {}, false)).toBe(false)
    expect(wantsColour({}, {}, true)).toBe(false)
  })

  test('numbers read well', () => {
    expect([0, 999, 1_234, 123_456_789].map(formatBytes)).toEqual([
      '0 B',
      '999 B',
      '1.2 kB',
      '123 MB',
    ])
    expect([1, 2, 1_000].map((n) => counted(n, 'process', 'processes'))).toEqual([
      '1 process',
      '2 processes',
      '1,000 processes',
    ])
    expect([12, 1_500, 61_000, 3_720_000].map(formatDuration)).toEqual([
      '12 ms',
      '1.5 s',
      '1 min 1 s',
      '1 h 2 min',
    ])
    expect([3, 1_234, 2_500_000].map(formatRate)).toEqual(['3/s', '1.2 k/s', '2.50 M/s'])
  })

  test('an error is one line with place and code, then its hint', () => {
    const failure = toFailure(
      new WeirError('job/load-failed', 'boom', {
        domain: 'user',
        location: 'job.ts:3',
        hint: 'look there',
      }),
    )
    expect(errorLines(failure, plain, false)).toEqual([
      'error: boom (job.ts:3) [job/load-failed]',
      'hint: look there',
    ])
    expect(errorLines(failure, plain, true)).toHaveLength(3)
  })

  test('JSON says where in the documents the code stands', () => {
    const page = readFileSync(
      new URL('../../../../docs/reference/error-codes.md', import.meta.url),
      'utf8',
    )
    const codes = [...page.matchAll(/^\| `([a-z]+\/[a-z0-9-]+)` \|/gm)].map(([, code = '']) => code)
    expect(codes.length).toBeGreaterThan(100)
    const sections = new Set(page.match(/^## \w+$/gm))
    for (const code of codes) {
      const [path, area] = docsOf(code).split('#')
      expect(path).toBe('docs/reference/error-codes.md')
      expect(sections, code).toContain(`## ${area}`)
    }
    // Of whatever version.
    expect(docsOf('something else')).toBe('docs/reference/error-codes.md')
  })

  test('exit codes follow the error', () => {
    const code = (name: string): number => exitCodeOf(new WeirError(name, '', { domain: 'user' }))
    expect(
      [
        'job/failed',
        'config/unknown-key',
        'rpc/unavailable',
        'job/not-found',
        'job/wrong-state',
        'cli/timeout',
      ].map(code),
    ).toEqual([1, 2, 3, 4, 5, 6])
    expect(exitCodeOf(asWeirError(new TypeError('x')))).toBe(1)
  })

  test('the progress line steps aside for other lines', () => {
    let err = ''
    let out = ''
    const terminal = new Terminal({
      writeOut: (text) => (out += text),
      writeErr: (text) => (err += text),
      interactive: true,
      columns: () => 20,
      outColour: false,
      errColour: false,
      quiet: false,
    })
    terminal.progress('working')
    terminal.data('row')
    terminal.progress('x'.repeat(50))
    terminal.progress('')
    expect(out).toBe('row\n')
    const clear = '\r\x1b[2K'
    expect(err).toBe(`${clear}working${clear}working${clear}${'x'.repeat(19)}${clear}`)
  })
})
