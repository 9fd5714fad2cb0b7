// Cuts what a job prints into lines of bounded length, whatever the chunks are, and never holds more than one line.

import { StringDecoder } from 'node:string_decoder'
import { OUTPUT_LINE_CHARS_MAX } from '@weirjs/common/core/gateways'

export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8')
  readonly #line: (text: string) => void
  #rest = ''

  constructor(line: (text: string) => void) {
    this.#line = line
  }

  write(chunk: Uint8Array | string): void {
    const text = typeof chunk === 'string' ? chunk : this.#decoder.write(chunk)
    let from = 0
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', from)) {
      this.#emit(this.#rest + text.slice(from, end))
      this.#rest = ''
      from = end + 1
    }
    this.#rest += text.slice(from)
    while (this.#rest.length > OUTPUT_LINE_CHARS_MAX) {
      this.#line(this.#rest.slice(0, OUTPUT_LINE_CHARS_MAX))
      this.#rest = this.#rest.slice(OUTPUT_LINE_CHARS_MAX)
    }
  }

  /** The stream ended: what is left is a line. */
  end(): void {
    const last = this.#rest + this.#decoder.end()
    this.#rest = ''
    if (last !== '') this.#emit(last)
  }

  #emit(text: string): void {
    const line = text.endsWith('\r') ? text.slice(0, -1) : text
    if (line.length <= OUTPUT_LINE_CHARS_MAX) this.#line(line)
    else
      for (let at = 0; at < line.length; at += OUTPUT_LINE_CHARS_MAX) {
        this.#line(line.slice(at, at + OUTPUT_LINE_CHARS_MAX))
      }
  }
}
