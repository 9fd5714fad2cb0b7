import { SourceRun } from '@weirjs/api/contracts/source-run.contract'
import { type StructType, struct } from '@weirjs/api/struct'
import { bool, duration, float, int, nullable, optional, text } from '@weirjs/api/types'
import { describe, expect, it } from 'vitest'
import { CsvRows } from './csv-rows.ts'
import { type CsvFileOptions, csvFiles } from './files.ts'
import { MemoryFileSystem } from './memory-file-system.ts'

const Pair = struct('Pair', { a: text(), b: int() })

async function read<T>(
  content: string | Uint8Array,
  type: StructType<T> | null,
  options: CsvFileOptions = {},
) {
  const fileSystem = new MemoryFileSystem()
  fileSystem.put('/in/x.csv', content)
  const all = { fileSystem, ...options }
  const source = type === null ? csvFiles('/in', all) : csvFiles('/in', type, all)
  const run = await SourceRun.start<unknown>(source, { readers: 1, batch: 10 })
  try {
    return { records: await run.finish(), deadLetters: run.output.deadLetters }
  } finally {
    await run.close()
  }
}

describe('CsvRows', () => {
  /** What each line of `text` ends. */
  const cut = (text: string) => {
    const rows = new CsvRows(',', 1_000)
    return text.split('\n').map((line) => rows.take(line, false, false))
  }

  it.each([
    ['a,b', [['a', 'b']]],
    ['a,', [['a', '']]],
    [',', [['', '']]],
    ['"a,b",c', [['a,b', 'c']]],
    ['"say ""hi""",""', [['say "hi"', '']]],
    ['"two\nlines",x', [null, ['two\nlines', 'x']]],
    ['"two\nlines","\n"\nx,y', [null, null, ['two\nlines', '\n'], ['x', 'y']]],
    ['"""\n""\n""",x', [null, null, ['"\n"\n"', 'x']]],
    ['x,"\n\n",y', [null, null, ['x', '\n\n', 'y']]],
    ['"a",', [['a', '']]],
    ['""""', [['"']]],
  ])('cuts %j', (text, cells) => {
    expect(cut(text)).toEqual(cells)
  })

  it.each(['a"b,c', '"a"b,c', '"a\n"b', 'a,b"'])('refuses %j', (text) => {
    expect(() => cut(text)).toThrow()
  })
})

describe('csvFiles', () => {
  it('finds columns by their names, in any order, and leaves others out', async () => {
    const { records } = await read('x,b,a\n0,1,one\r\n0,2,"t""w,o"\n', Pair)
    expect(records).toEqual([
      { a: 'one', b: 1 },
      { a: 't"w,o', b: 2 },
    ])
  })

  it('joins the lines of a quoted field, however many', async () => {
    expect((await read('a,b\n"one\n\n""two""\nthree",1\n', Pair)).records).toEqual([
      { a: 'one\n\n"two"\nthree', b: 1 },
    ])
  })

  it('keeps the carriage returns of a quoted field, whatever ends the lines of the file', async () => {
    const text = 'a,b\r\n"one\r\ntwo\nthree\r",1\r\n"\r\n",2\r\nx,3\r\n'
    expect((await read(text, Pair)).records).toEqual([
      { a: 'one\r\ntwo\nthree\r', b: 1 },
      { a: '\r\n', b: 2 },
      { a: 'x', b: 3 },
    ])
  })

  it('reads durations that are written as numbers', async () => {
    const Row = struct('Row', { a: duration(), b: optional(duration()), c: nullable(duration()) })
    expect((await read('a,b,c\n5000,250ms,0\n1h,,\n', Row)).records).toEqual([
      { a: 5_000, b: 250, c: 0 },
      { a: 3_600_000, b: undefined, c: null },
    ])
  })

  it('refuses a column that no record can have', async () => {
    await expect(read('__proto__,b\n1,2\n', null)).rejects.toMatchObject({
      code: 'files/bad-header',
    })
  })

  it('gives text by column without a type', async () => {
    expect((await read('a,b\n1,\n', null)).records).toEqual([{ a: '1', b: '' }])
  })

  it('reads empty cells as what the type says of absent values', async () => {
    const Row = struct('Row', {
      a: optional(int()),
      b: nullable(float()),
      c: bool({ default: true }),
      d: text(),
    })
    expect((await read('a,b,c,d\n,,,\n', Row)).records).toEqual([
      { a: undefined, b: null, c: true, d: '' },
    ])
  })

  it('takes other separators, and files without a header', async () => {
    expect((await read('one;1\n', Pair, { separator: ';', header: false })).records).toEqual([
      { a: 'one', b: 1 },
    ])
    await expect(read('x', null, { header: false })).rejects.toMatchObject({
      code: 'files/bad-option',
    })
  })

  it('ignores a byte order mark and blank lines', async () => {
    expect((await read('\ufeffa,b\n\none,1\n\n', Pair)).records).toEqual([{ a: 'one', b: 1 }])
  })

  it('refuses a header without a column that is needed, naming file and line', async () => {
    await expect(read('a,c\n', Pair)).rejects.toMatchObject({
      code: 'files/bad-header',
      message: '/in/x.csv: the header has no column "b": a,c',
      location: '/in/x.csv:1',
    })
    await expect(read('a,a,b\n', Pair)).rejects.toMatchObject({ code: 'files/bad-header' })
  })

  it('names the line of a bad record, counting lines inside quotes', async () => {
    const content = 'a,b\n"x\ny",1\nz,many\n'
    await expect(read(content, Pair)).rejects.toMatchObject({
      code: 'files/bad-line',
      message: '/in/x.csv:4: field "b": expected a whole number, got "many"',
    })
    const { records, deadLetters } = await read('a,b\n"x\ny",no\nz,2\n"end', Pair, {
      badLines: 'dead-letter',
    })
    expect(records).toEqual([{ a: 'z', b: 2 }])
    expect(deadLetters).toEqual([
      {
        source: '/in/x.csv',
        line: 2,
        text: '"x\ny",no',
        reason: 'field "b": expected a whole number, got "no"',
      },
      { source: '/in/x.csv', line: 5, text: '"end', reason: 'the file ends inside a quoted field' },
    ])
    expect((await read(content, Pair, { badLines: 'skip' })).records).toEqual([{ a: 'x\ny', b: 1 }])
  })

  const bytes = (...parts: readonly (string | number)[]): Buffer =>
    Buffer.concat(
      parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.of(part))),
    )

  it.each([
    ['with a quote where none may be', ['6" nail,1\nx,2\ny,3\n'], ['x', 'y'], 2, '6" nail,1'],
    ['with text behind a quote', ['"6" nail,"1\nx,2\n'], ['x'], 2, '"6" nail,"1'],
    ['as part of several', ['"6\n" nail,1\nx,2\n"y\nz",3\n'], ['x', 'y\nz'], 2, '"6\n" nail,1'],
    ['that is not valid UTF-8', ['o', 0xff, ',1\nx,2\n'], ['x'], 2, 'o\ufffd,1'],
    [
      'that opens a field, not valid UTF-8',
      ['"o', 0xff, '\nne",1\nx,2\n'],
      ['x'],
      2,
      '"o\ufffd\nne",1',
    ],
    [
      'inside a field, not valid UTF-8',
      ['"o\n', 0xff, '\nne",1\n"x\ny",2\n'],
      ['x\ny'],
      2,
      '"o\n\ufffd\nne",1',
    ],
    [
      'that closes a field, not valid UTF-8',
      ['w,0\n"o\n', 0xff, '",1\nx,2\n'],
      ['w', 'x'],
      3,
      '"o\n\ufffd",1',
    ],
  ])('takes a bad line %s, and no other', async (_, lines, names, line, text) => {
    const content = bytes('a,b\n', ...lines)
    const { records, deadLetters } = await read(content, Pair, { badLines: 'dead-letter' })
    expect(records).toMatchObject(names.map((a) => ({ a })))
    expect(deadLetters).toMatchObject([{ line, text }])
  })
})
