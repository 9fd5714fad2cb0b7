// A terminal as one page that is drawn over and over: on its alternate screen, so that what stood there comes back, and cut to
// its size, because a line too many would scroll and a long one would take two.

import { stripVTControlCharacters } from 'node:util'

export interface ScreenSize {
  readonly rows: number
  readonly columns: number
}

const ESCAPE = '\u001b'
/** The alternate screen, without the wrapping of lines: characters of double width are not counted here. */
const OPEN = `${ESCAPE}[?1049h${ESCAPE}[?7l`
const CLOSE = `${ESCAPE}[?7h${ESCAPE}[?1049l`
const HOME = `${ESCAPE}[H`
const CLEAR_REST_OF_LINE = `${ESCAPE}[K`
const CLEAR_BELOW = `${ESCAPE}[J`
const COLOUR = new RegExp(`(${ESCAPE}\\[[\\d;]*m)`)

export class Screen {
  readonly #write: (text: string) => void
  readonly #size: () => ScreenSize
  #isOpen = false

  constructor(write: (text: string) => void, size: () => ScreenSize) {
    this.#write = write
    this.#size = size
  }

  /** What has no room is counted in the last line, before `foot`. */
  draw(lines: readonly string[], foot: string): void {
    const { rows, columns } = this.#size()
    // Behind a full line the cursor is on its last character, which clearing the rest would take away.
    const body = page(lines, foot, rows)
      .map((line) => `${cut(line, columns - 1)}${CLEAR_REST_OF_LINE}`)
      .join('\n')
    this.#write(`${this.#isOpen ? '' : OPEN}${HOME}${body}${CLEAR_BELOW}`)
    this.#isOpen = true
  }

  /** Gives the terminal back as it was. */
  close(): void {
    if (this.#isOpen) this.#write(CLOSE)
    this.#isOpen = false
  }
}

function page(lines: readonly string[], foot: string, rows: number): readonly string[] {
  const spare = rows - lines.length
  if (spare >= 2) return [...lines, '', foot]
  if (spare === 1) return [...lines, foot]
  const shown = lines.slice(0, Math.max(0, rows - 1))
  return [...shown, `… ${lines.length - shown.length} more lines · ${foot}`]
}

/** Colours end although the text in them is cut. */
function cut(line: string, columns: number): string {
  if ([...stripVTControlCharacters(line)].length <= columns) return line
  let room = columns - 1
  let shown = ''
  for (const part of line.split(COLOUR)) {
    if (part.startsWith(ESCAPE)) {
      shown += part
      continue
    }
    const fits = [...part].slice(0, Math.max(0, room))
    room -= fits.length
    shown += fits.join('')
  }
  return `${shown}…`
}
