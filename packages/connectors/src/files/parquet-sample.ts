// Writes the simplest Parquet there is (required columns, plain values, no compression), so that tests of the reader
// need no file from elsewhere. Not a writer for data.

/** Thrift's compact protocol, as much of it as Parquet's footer needs. */
type Field = readonly [id: number, value: number | bigint | string | Struct | List]
type Struct = readonly Field[]
interface List {
  readonly of: 'i32' | 'text' | 'struct'
  readonly items: readonly (number | string | Struct)[]
}

const I32 = 5
const I64 = 6
const BINARY = 8
const LIST = 9
const STRUCT = 12
const ELEMENT = { i32: I32, text: BINARY, struct: STRUCT } as const

function varint(value: bigint): number[] {
  const bytes: number[] = []
  for (let rest = value; ; rest >>= 7n) {
    if (rest < 128n) return [...bytes, Number(rest)]
    bytes.push(Number(rest & 127n) | 128)
  }
}

const zigzag = (value: number | bigint): number[] =>
  varint(BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n)))
const text = (value: string): number[] => [
  ...varint(BigInt(Buffer.byteLength(value))),
  ...Buffer.from(value),
]

function struct(fields: Struct): number[] {
  let last = 0
  const bytes = fields.flatMap(([id, value]) => {
    const head = (type: number): number => ((id - last) << 4) | type
    const [type, body] = encode(value)
    const all = [head(type), ...body]
    last = id
    return all
  })
  return [...bytes, 0]
}

function encode(value: Field[1]): readonly [type: number, body: readonly number[]] {
  if (typeof value === 'number') return [I32, zigzag(value)]
  if (typeof value === 'bigint') return [I64, zigzag(value)]
  if (typeof value === 'string') return [BINARY, text(value)]
  if ('of' in value) return [LIST, list(value)]
  return [STRUCT, struct(value)]
}

function list({ of, items }: List): number[] {
  const size =
    items.length < 15
      ? [(items.length << 4) | ELEMENT[of]]
      : [0xf0 | ELEMENT[of], ...varint(BigInt(items.length))]
  const bytes = items.map((item) =>
    typeof item === 'number' ? zigzag(item) : typeof item === 'string' ? text(item) : struct(item),
  )
  return [...size, ...bytes.flat()]
}

const INT64 = 2
const BYTE_ARRAY = 6
const UTF8 = 0
const TIMESTAMP_MILLIS = 9

export interface SampleColumn {
  readonly name: string
  readonly kind: 'int' | 'text' | 'time'
}

const physical = (column: SampleColumn): number => (column.kind === 'text' ? BYTE_ARRAY : INT64)

/** A file with these rows, `rowsPerGroup` in each row group. */
export function sampleParquet(
  columns: readonly SampleColumn[],
  rows: readonly Readonly<Record<string, number | string>>[],
  rowsPerGroup: number,
): Uint8Array {
  const parts: Buffer[] = [Buffer.from('PAR1')]
  let offset = 4
  const groups: Struct[] = []
  for (let first = 0; first < rows.length; first += rowsPerGroup) {
    const group = rows.slice(first, first + rowsPerGroup)
    const chunks = columns.map((column): Struct => {
      const page = dataPage(column, group)
      const chunk = columnChunk(column, group.length, page.length, offset)
      parts.push(page)
      offset += page.length
      return chunk
    })
    groups.push([
      [1, { of: 'struct', items: chunks }],
      [2, 0n],
      [3, BigInt(group.length)],
    ])
  }
  const footer = Buffer.from(
    struct([
      [1, 1],
      [2, { of: 'struct', items: schema(columns) }],
      [3, BigInt(rows.length)],
      [4, { of: 'struct', items: groups }],
    ]),
  )
  const length = Buffer.alloc(4)
  length.writeUInt32LE(footer.length)
  return Buffer.concat([...parts, footer, length, Buffer.from('PAR1')])
}

function schema(columns: readonly SampleColumn[]): Struct[] {
  const root: Struct = [
    [4, 'root'],
    [5, columns.length],
  ]
  const converted = { int: [], text: [[6, UTF8]], time: [[6, TIMESTAMP_MILLIS]] } as const
  return [
    root,
    ...columns.map(
      (column): Struct => [
        [1, physical(column)],
        [3, 0],
        [4, column.name],
        ...converted[column.kind],
      ],
    ),
  ]
}

function dataPage(
  column: SampleColumn,
  rows: readonly Readonly<Record<string, number | string>>[],
): Buffer {
  const body = Buffer.concat(rows.map((row) => plainValue(column, row[column.name] ?? 0)))
  const page: Struct = [
    [1, rows.length],
    [2, 0],
    [3, 3],
    [4, 3],
  ]
  const header: Struct = [
    [1, 0],
    [2, body.length],
    [3, body.length],
    [5, page],
  ]
  return Buffer.concat([Buffer.from(struct(header)), body])
}

function plainValue(column: SampleColumn, value: number | string): Buffer {
  if (column.kind !== 'text') {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(BigInt(value))
    return bytes
  }
  const content = Buffer.from(String(value))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(content.length)
  return Buffer.concat([length, content])
}

function columnChunk(column: SampleColumn, values: number, bytes: number, offset: number): Struct {
  const meta: Struct = [
    [1, physical(column)],
    [2, { of: 'i32', items: [0, 3] }],
    [3, { of: 'text', items: [column.name] }],
    [4, 0],
    [5, BigInt(values)],
    [6, BigInt(bytes)],
    [7, BigInt(bytes)],
    [9, BigInt(offset)],
  ]
  return [
    [2, BigInt(offset)],
    [3, meta],
  ]
}
