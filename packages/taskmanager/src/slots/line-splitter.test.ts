import { OUTPUT_LINE_CHARS_MAX } from '@weirjs/common/core/gateways'
import { expect, test } from 'vitest'
import { LineSplitter } from './line-splitter.ts'

function split(chunks: readonly (string | Uint8Array)[]): string[] {
  const lines: string[] = []
  const splitter = new LineSplitter((line) => lines.push(line))
  for (const chunk of chunks) splitter.write(chunk)
  splitter.end()
  return lines
}

test('joins chunks to lines and keeps empty lines', () => {
  expect(split(['a', 'b\n\nc\r\n', 'd'])).toEqual(['ab', '', 'c', 'd'])
})

test('keeps characters whole that are cut between chunks', () => {
  const bytes = new TextEncoder().encode('weiß 堰\n')
  expect(split([bytes.slice(0, 4), bytes.slice(4, 7), bytes.slice(7)])).toEqual(['weiß 堰'])
})

test('cuts a line without end, so that memory stays bounded', () => {
  const lines = split(['x'.repeat(OUTPUT_LINE_CHARS_MAX * 2 + 5), 'y\nz\n'])
  expect(lines.map((line) => line.length)).toEqual([
    OUTPUT_LINE_CHARS_MAX,
    OUTPUT_LINE_CHARS_MAX,
    6,
    1,
  ])
})
