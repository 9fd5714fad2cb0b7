// What is written as CSV comes back the same by the same type.

import { SinkAttempt } from '@weirjs/api/contracts/sink-run.contract'
import { SourceRun } from '@weirjs/api/contracts/source-run.contract'
import type { DeclaredType } from '@weirjs/api/declared-type'
import { struct } from '@weirjs/api/struct'
import {
  bigint,
  bool,
  bytes,
  duration,
  dynamic,
  float,
  int,
  json,
  list,
  map,
  nullable,
  oneOf,
  optional,
  text,
  timestamp,
} from '@weirjs/api/types'
import { expect, it } from 'vitest'
import { csvFiles } from './files.ts'
import { MemoryFileSystem } from './memory-file-system.ts'

const CASES: readonly (readonly [string, DeclaredType<unknown>, readonly unknown[]])[] = [
  ['text', text(), ['', 'a', ' a ', 'a,"b"\n', '\r\n', 'a\r', '\r', '\u{1f600}', '\n\n\r\n', '"']],
  ['int', int(), [0, -7, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]],
  ['float', float(), [0.1, -1e300, 5e-324, Number.NaN, Number.NEGATIVE_INFINITY]],
  ['bool', bool(), [true, false]],
  ['bigint', bigint(), [2n ** 70n, -(2n ** 70n), 1n]],
  ['bytes', bytes(), [new Uint8Array(), Uint8Array.of(0), Uint8Array.of(255, 254, 253, 252)]],
  ['timestamp', timestamp(), [0, -1, 1_436_918_400_000]],
  ['duration', duration(), [0, 1, 5_000]],
  ['one of', oneOf('a', 'b,c'), ['a', 'b,c']],
  ['json', json(), ['a', '5', '', 'null', 5, null, [1, '2'], { a: 'b' }]],
  ['dynamic text', dynamic(), ['a', '5', '']],
  ['list', list(text()), [[], ['a', ',']]],
  ['map', map(text(), int()), [new Map([['a', 1]]), new Map()]],
  ['struct', struct('In', { x: float(), d: duration() }), [{ x: Number.NaN, d: 5 }]],
  ['optional', optional(duration()), [undefined, 7]],
  ['nullable', nullable(int()), [null, 0]],
  ['optional json', optional(json()), [undefined, 'a', '', 1]],
]

it.each(CASES)('%s', async (_, type, values) => {
  const fileSystem = new MemoryFileSystem()
  const Row = struct('Row', { value: type, last: text() })
  const files = csvFiles<unknown>('/out', Row as never, { fileSystem })
  const rows = values.map((value, n) => ({ value, last: `${n}` }))
  const writing = new SinkAttempt(files, { attempt: 1, subtasks: 1 })
  await writing.write(0, ...rows)
  await writing.commit(await writing.snapshot(1))
  await writing.close()
  const reading = await SourceRun.start(files, { readers: 1, batch: 100 })
  expect(await reading.finish()).toEqual(rows)
  await reading.close()
})
