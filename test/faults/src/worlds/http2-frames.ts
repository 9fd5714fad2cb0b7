// Cuts a stream of HTTP/2 into its frames, as far as somebody needs it who wants to repeat one: bytes that come twice in
// the middle of a frame would only make nonsense of all that follow.

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
const HEAD_BYTES = 9
const TYPE_AT = 3
const DATA = 0

export class Http2Frames {
  #rest: Buffer = Buffer.alloc(0)
  #begun = false

  /** Whole frames, and the preface as one of them. What is not whole yet waits. */
  cut(chunk: Buffer): readonly Buffer[] {
    this.#rest = Buffer.concat([this.#rest, chunk])
    const frames: Buffer[] = []
    for (let bytes = this.#nextBytes(); bytes <= this.#rest.length; bytes = this.#nextBytes()) {
      frames.push(this.#rest.subarray(0, bytes))
      this.#rest = this.#rest.subarray(bytes)
    }
    return frames
  }

  #nextBytes(): number {
    if (!this.#begun && this.#rest.length >= PREFACE.length) {
      this.#begun = true
      if (this.#rest.subarray(0, PREFACE.length).equals(PREFACE)) return PREFACE.length
    }
    if (!this.#begun && this.#rest[0] === PREFACE[0]) return PREFACE.length
    return this.#rest.length < HEAD_BYTES ? HEAD_BYTES : HEAD_BYTES + this.#rest.readUIntBE(0, 3)
  }
}

/** Of a frame that carries something. */
export const isData = (frame: Buffer): boolean =>
  frame[TYPE_AT] === DATA && frame.length > 2 * HEAD_BYTES
