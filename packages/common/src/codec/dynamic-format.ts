// The dynamic codec's bytes: each value starts with a tag. Used for records that no type was
// declared for (ADR 0003); lossless for everything that it accepts, and it accepts no value that it
// could not give back.
//
//   null | undefined | false | true | hole (in arrays only)
//   int, varint | float, f64 | 0x80 + n: the integers 0 … 127 | bigint | text
//   date, f64 | bytes and other typed arrays: kind u8 and bytes
//   array, count and values | map, count and pairs | set, count and values
//   object: with prototype or without, count and (text, value) pairs
//   shape: id u8, count u8, names, then the values of the object that has it
//   0x40 + id: the values of an object of that shape
//
// A shape is the list of an object's field names. It is said once in a block and then referred to;
// ids may be said anew, the later one counts. Objects beyond the limits below are written with
// their names.

/**
 * Nested values deeper than this are refused, on both sides: recursion must end before the stack
 * does.
 */
export const DEPTH_MAX = 200
/** Shapes remembered in one block. */
export const SHAPES_MAX = 32
export const SHAPE_FIELDS_MAX = 64

export const TAG_NULL = 0
export const TAG_UNDEFINED = 1
export const TAG_FALSE = 2
export const TAG_TRUE = 3
export const TAG_HOLE = 4
export const TAG_INT = 5
export const TAG_FLOAT = 6
export const TAG_BIGINT = 7
export const TAG_TEXT = 8
export const TAG_DATE = 9
export const TAG_BYTES = 10
export const TAG_ARRAY = 11
export const TAG_MAP = 12
export const TAG_SET = 13
export const TAG_OBJECT = 14
export const TAG_BARE_OBJECT = 15
export const TAG_SHAPE = 16
/** Plus the shape's id, below SHAPES_MAX. */
export const TAG_SHAPED = 0x40
/** Plus the integer, below 128. */
export const TAG_SMALL_INT = 0x80

/** Things that are made of bytes. The position is the kind in the bytes: append only. */
export const BYTE_KINDS: readonly { readonly make: ByteKind; readonly unitBytes: number }[] = [
  { make: Uint8Array, unitBytes: 1 },
  { make: Buffer, unitBytes: 1 },
  { make: ArrayBuffer, unitBytes: 1 },
  { make: Int8Array, unitBytes: 1 },
  { make: Uint8ClampedArray, unitBytes: 1 },
  { make: Int16Array, unitBytes: 2 },
  { make: Uint16Array, unitBytes: 2 },
  { make: Int32Array, unitBytes: 4 },
  { make: Uint32Array, unitBytes: 4 },
  { make: Float32Array, unitBytes: 4 },
  { make: Float64Array, unitBytes: 8 },
  { make: BigInt64Array, unitBytes: 8 },
  { make: BigUint64Array, unitBytes: 8 },
]
export const KIND_BUFFER = 1
export const KIND_ARRAY_BUFFER = 2

export interface ByteKind {
  readonly prototype: object
  new (buffer: ArrayBuffer): ArrayBufferView | ArrayBuffer
}
