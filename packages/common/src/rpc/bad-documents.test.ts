// The matrix of bad documents: every field of every JSON document that crosses the wire, found by walking its shape, is left
// out, of another type, out of range, an unknown word, one too many. Each is refused by one short error that names the
// place, or is right by the words of the shape, as a second, naive reader decides. A new field is covered by being in a
// shape; a new document is by being exported.

import { describe, expect, test } from 'vitest'
import { WeirError } from '../core/errors.ts'
import { documentFromWire } from './convert.ts'
import { type Nonsense, nonsenseOf, samplesOf } from './documents.fixture.ts'
import * as documents from './documents.ts'
import type { DocumentShape } from './documents.ts'

const isShape = (value: unknown): value is DocumentShape<unknown> =>
  typeof value === 'object' && value !== null && 'check' in value
const SHAPES = Object.values<unknown>(documents).filter(isShape)
const SAID_CHARS_MAX = 400

function refusalOf(read: () => unknown): WeirError | null {
  try {
    read()
    return null
  } catch (error) {
    if (error instanceof WeirError) return error
    throw error
  }
}

const wire = (json: string): never => ({ version: 1, json: Buffer.from(json) }) as never

test('all documents are there', () => {
  expect(SHAPES.map(({ name }) => name).toSorted()).toEqual([
    'job arguments',
    'job settings',
    'logical graph',
    'physical plan',
    'subtask snapshot',
    'task restore',
  ])
})

describe.each(SHAPES)('$name', (shape) => {
  const samples = samplesOf(shape.check)

  test('is read where it is whole', () => {
    for (const sample of samples)
      expect(documentFromWire(wire(JSON.stringify(sample)), 'doc', shape)).toEqual(sample)
  })

  test.each(samples.map((sample, i) => ({ i, sample })))(
    'is refused by the place of what is wrong, or right ($i)',
    ({ sample }) => {
      const wrong: string[] = []
      for (const nonsense of nonsenseOf(shape.check, sample)) {
        const complaint = complaintAbout(shape, nonsense)
        if (complaint !== null) wrong.push(complaint)
      }
      expect(wrong).toEqual([])
    },
  )

  test.each([
    ['nothing', ''],
    ['a blank', ' '],
    ['cut', '{"a":'],
    ['a list, cut', '[1,'],
    ['a word, cut', 'nul'],
    ['NUL', '\u0000'],
    ['one sign too many', '{"a":1}}'],
    ['an endless number', '9'.repeat(100_000)],
    ['an endless name, cut', `{"${'k'.repeat(100_000)}`],
  ])('is refused as JSON that is none: %s', (_what, json) => {
    const error = refusalOf(() => documentFromWire(wire(json), 'doc', shape))
    expect(error?.code).toBe('rpc/invalid-argument')
    expect(error?.message).toMatch(/^doc/)
    expect(error?.message.length).toBeLessThan(SAID_CHARS_MAX)
  })
})

/** Null: it was refused as it should be, or is right. One expectation for each of thousands would take a minute. */
function complaintAbout(
  shape: DocumentShape<unknown>,
  { what, path, value, allowed }: Nonsense,
): string | null {
  const place = ['doc', ...path].join('.')
  const error = refusalOf(() => shape.read(value, 'doc'))
  if (error === null) return allowed ? null : `${place}, ${what}, was taken`
  const { code, message } = error
  const isWell =
    !allowed &&
    code === 'rpc/invalid-argument' &&
    message.startsWith(place) &&
    message.length < SAID_CHARS_MAX &&
    !/\p{Cc}/u.test(message)
  const complaint = `${place}, ${what}${allowed ? ' (right)' : ''}: ${code} ${message}`
  return isWell ? null : complaint.slice(0, 600)
}
