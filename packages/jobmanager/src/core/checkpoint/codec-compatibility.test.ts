import type { CodecDescriptor } from '@weirjs/common/core/graph/logical-graph'
import { describe, expect, it } from 'vitest'
import { incompatibility } from './codec-compatibility.ts'

const plain = (name: string, version = 1): CodecDescriptor => ({ name, version })
const wrap = (name: string, of: CodecDescriptor): CodecDescriptor => ({
  name,
  version: 1,
  schema: { of },
})
const struct = (fields: Record<string, CodecDescriptor>, name = 'Bid'): CodecDescriptor => ({
  name: 'struct',
  version: 1,
  schema: {
    name,
    fields: Object.entries(fields).map(([field, codec]) => ({ name: field, codec })),
  },
})
const int = plain('int')
const text = plain('text')

describe('codec compatibility', () => {
  it.each([
    ['the same plain codec', int, plain('int')],
    [
      'schemas that differ in the order of members only',
      { ...int, schema: { a: 1, b: [2] } },
      { ...int, schema: { b: [2], a: 1 } },
    ],
    [
      'fields that came, went or moved',
      struct({ a: int, gone: text }),
      struct({ added: text, a: int }),
    ],
    ['a field that became optional', struct({ a: int }), struct({ a: wrap('optional', int) })],
    ['a value that became nullable', int, wrap('nullable', int)],
    [
      'a list of records that grew a field',
      wrap('list', struct({ a: int })),
      wrap('list', struct({ a: int, b: int })),
    ],
  ])('accepts %s', (_name, written, declared) => {
    expect(incompatibility(written, declared)).toBeNull()
  })

  it.each([
    ['another type', int, text, 'written as int, now declared as text'],
    ['another version', int, plain('int', 2), 'written as int, now declared as int version 2'],
    ['another type of a field', struct({ a: int }), struct({ a: text }), 'field a: written as int'],
    [
      'a deep field',
      struct({ a: struct({ b: int }) }),
      struct({ a: struct({ b: text }) }),
      'field a.b: written as int',
    ],
    ['an optional that is none any more', wrap('optional', int), int, 'written as optional'],
    ['another element', wrap('list', int), wrap('list', text), 'written as int'],
    [
      'a changed schema of a foreign codec',
      { ...int, schema: 1 },
      { ...int, schema: 2 },
      'the schema of int changed',
    ],
    [
      'a schema that cannot be read',
      { name: 'struct', version: 1, schema: 5 },
      struct({}),
      'cannot be read',
    ],
  ])('refuses %s', (_name, written, declared, words) => {
    expect(incompatibility(written, declared)).toContain(words)
  })

  it('refuses a stored schema that is nested without end', () => {
    let deep: CodecDescriptor = int
    for (let i = 0; i < 1_000; i++) deep = wrap('list', deep)
    expect(incompatibility(deep, deep)).toContain('nested too deeply')
  })
})
