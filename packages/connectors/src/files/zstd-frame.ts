// Where a frame of zstd ends, by its headers alone (RFC 8878, 3.1). Node's decoder stops behind the first frame and does
// not say where that was; a file may have many (cat, pzstd, writers that append), and skippable ones between them.

const FRAME_MAGIC = 0xfd2f_b528
/** The last four bits are the writer's own. */
const SKIPPABLE_MAGIC = 0x184d_2a50
const CHECKSUM_BYTES = 4
/** Byte lengths by two bits of the descriptor. */
const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const
const RLE_BLOCK = 1

type Field = 'magic' | 'descriptor' | 'block' | 'skippable-size' | 'end'

/** Lengths of the fields that are looked at. */
const FIELD_BYTES: Readonly<Record<Field, number>> = {
  magic: 4,
  descriptor: 1,
  block: 3,
  'skippable-size': 4,
  end: 0,
}

export class ZstdFrame {
  #field: Field = 'magic'
  /** Bytes before the field that are not looked at. */
  #pass = 0
  /** The field as far as it has been read, and how many bytes that is. */
  #value = 0
  #read = 0
  #checksum = false

  get ended(): boolean {
    return this.#field === 'end' && this.#pass === 0
  }

  /** Goes on through `bytes` from `from`; answers where the frame ends in them, or their length. Throws for no frame. */
  scan(bytes: Uint8Array, from: number): number {
    let at = from
    while (at < bytes.length && !this.ended) {
      const passed = Math.min(this.#pass, bytes.length - at)
      this.#pass -= passed
      at += passed
      if (this.#pass > 0 || this.#field === 'end') continue
      const byte = bytes[at]
      if (byte === undefined) break
      at += 1
      this.#value += byte * 2 ** (8 * this.#read)
      this.#read += 1
      if (this.#read === FIELD_BYTES[this.#field]) this.#take(this.#value)
    }
    return at
  }

  #take(value: number): void {
    switch (this.#field) {
      case 'magic':
        if (value === FRAME_MAGIC) return this.#expect('descriptor', 0)
        if (value - (value % 16) === SKIPPABLE_MAGIC) return this.#expect('skippable-size', 0)
        throw new Error('there is no frame of zstd where one should begin')
      case 'skippable-size':
        return this.#expect('end', value)
      case 'descriptor':
        this.#checksum = (value & 0b100) !== 0
        return this.#expect('block', headerRest(value))
      case 'block':
        return this.#takeBlock(value)
      case 'end':
    }
  }

  #takeBlock(header: number): void {
    const last = (header & 1) !== 0
    const bytes = ((header >> 1) & 3) === RLE_BLOCK ? 1 : header >> 3
    if (!last) this.#expect('block', bytes)
    else this.#expect('end', bytes + (this.#checksum ? CHECKSUM_BYTES : 0))
  }

  #expect(field: Field, pass: number): void {
    this.#field = field
    this.#pass = pass
    this.#value = 0
    this.#read = 0
  }
}

/** Bytes of a frame's header behind its descriptor. */
function headerRest(descriptor: number): number {
  const single = (descriptor & 0b10_0000) !== 0
  const size = CONTENT_SIZE_BYTES[(descriptor >> 6) as 0 | 1 | 2 | 3]
  const dictionary = DICTIONARY_ID_BYTES[(descriptor & 3) as 0 | 1 | 2 | 3]
  // One segment has no window, and always a size, of one byte where the descriptor says none.
  return dictionary + (single ? Math.max(size, 1) : size + 1)
}
