// What a job of `weir dev` writes to stdout itself goes where the answer of the command goes. Where that is JSON, one object
// a line, such text would be lines that are none: it is told as events then, as a cluster tells it. What it writes to stderr
// stays there.

import { StringDecoder } from 'node:string_decoder'
import type { Cli } from '../cli.ts'
import type { Terminal } from '../output/terminal.ts'

/** A line that is longer is told in pieces. */
export const PRINTED_CHARS_MAX: number = 64 * 1_024

export class PrintedLines implements Disposable {
  readonly #terminal: Terminal
  readonly #decoder = new StringDecoder()
  readonly #stop: () => void
  /** What has no line end yet. */
  #begun = ''

  constructor(cli: Cli, terminal: Terminal) {
    this.#terminal = terminal
    this.#stop = cli.onPrinted((chunk) => this.#take(chunk))
  }

  /** The last line may have no end. */
  finish(): void {
    if (this.#begun !== '') this.#tell(this.#begun)
    this.#begun = ''
  }

  [Symbol.dispose](): void {
    this.#stop()
    this.finish()
  }

  #take(chunk: string | Uint8Array): void {
    const text = typeof chunk === 'string' ? chunk : this.#decoder.write(Buffer.from(chunk))
    const lines = (this.#begun + text).split('\n')
    this.#begun = lines.pop() ?? ''
    for (const line of lines) this.#tell(line)
    while (this.#begun.length > PRINTED_CHARS_MAX) {
      this.#tell(this.#begun.slice(0, PRINTED_CHARS_MAX))
      this.#begun = this.#begun.slice(PRINTED_CHARS_MAX)
    }
  }

  #tell(text: string): void {
    this.#terminal.json({ type: 'output', stream: 'stdout', text })
  }
}
