// Colours, when the stream shows them and nobody said no.

import { styleText } from 'node:util'

export type Paint = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

export class Style {
  readonly #on: boolean

  constructor(on: boolean) {
    this.#on = on
  }

  paint(paint: Paint, text: string): string {
    return this.#on ? styleText(paint, text, { validateStream: false }) : text
  }

  /** A job or checkpoint state in its colour. */
  state(state: string): string {
    switch (state) {
      case 'RUNNING':
      case 'FINISHED':
      case 'COMPLETED':
        return this.paint('green', state)
      case 'FAILED':
      case 'FAILING':
        return this.paint('red', state)
      case 'RESTARTING':
      case 'CANCELLING':
      case 'CANCELED':
      case 'DEGRADED':
        return this.paint('yellow', state)
      default:
        return state
    }
  }
}

/** Wants colour: a terminal, NO_COLOR not set (no-color.org), and no `--no-color`. */
export function wantsColour(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
  flag: boolean,
): boolean {
  if (!flag || (env['NO_COLOR'] ?? '') !== '') return false
  return stream.isTTY === true && env['TERM'] !== 'dumb'
}
