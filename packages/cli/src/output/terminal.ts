// The two streams of a command: data to stdout, everything else to stderr, and one line at the bottom of a terminal that
// is written over again and again. The commands know only this, so that tests read what they say.

import { stripVTControlCharacters } from 'node:util'
import { Screen, type ScreenSize } from './screen.ts'
import { Style } from './style.ts'

export interface TerminalOptions {
  readonly writeOut: (text: string) => void
  readonly writeErr: (text: string) => void
  /** The error stream is a terminal: a progress line makes sense. */
  readonly interactive: boolean
  readonly columns: () => number
  /** The output stream is a terminal of this size: it can be drawn on. */
  readonly screen?: (() => ScreenSize) | undefined
  readonly outColour: boolean
  readonly errColour: boolean
  readonly quiet: boolean
}

const CLEAR_LINE = '\r\x1b[2K'

export class Terminal {
  readonly #options: TerminalOptions
  readonly out: Style
  readonly err: Style
  /** null: data goes to no terminal. */
  readonly screen: Screen | null
  #progress = ''

  constructor(options: TerminalOptions) {
    this.#options = options
    this.out = new Style(options.outColour)
    this.err = new Style(options.errColour)
    const { writeOut, screen } = options
    this.screen = screen === undefined ? null : new Screen(writeOut, screen)
  }

  get interactive(): boolean {
    return this.#options.interactive
  }

  /** A line of data. */
  data(line: string): void {
    this.#aside(() => this.#options.writeOut(`${line}\n`))
  }

  json(value: unknown): void {
    this.data(JSON.stringify(value))
  }

  /** A line for a person; silent with `--quiet`. */
  note(line: string): void {
    if (!this.#options.quiet) this.say(line)
  }

  /** A line for a person that `--quiet` does not silence: errors, and what the job itself says. */
  say(line: string): void {
    this.#aside(() => this.#options.writeErr(`${line}\n`))
  }

  /** The line at the bottom; '' takes it away. Off a terminal there is none. */
  progress(line: string): void {
    if (!this.#options.interactive || this.#options.quiet) return
    const room = Math.max(10, this.#options.columns() - 1)
    const cut =
      stripVTControlCharacters(line).length > room
        ? stripVTControlCharacters(line).slice(0, room)
        : line
    this.#options.writeErr(CLEAR_LINE + cut)
    this.#progress = cut
  }

  #aside(write: () => void): void {
    if (this.#progress === '') return write()
    this.#options.writeErr(CLEAR_LINE)
    write()
    this.#options.writeErr(this.#progress)
  }
}
