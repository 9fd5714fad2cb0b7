// The place in one line of a stack. A path may have parentheses of its own, so it does not end at the first bracket but at
// the last `:line:column`; and it begins the frame, or stands behind the first ` (` that a path follows. In several steps,
// each of which reads the line once: a message may be in there, and that has any length.

export interface FramePlace {
  /** A path or a `file:` URL, as it stands there. */
  readonly file: string
  readonly line: string
  /** Undefined where the frame has none. */
  readonly column: string | undefined
}

const AT = /^\s*at (?:async )?/
const PATH = /^(?:file:\/\/|\/|[A-Za-z]:[\\/]|\.)/
const PATH_IN_BRACKETS = / \((?=file:\/\/|\/|[A-Za-z]:[\\/]|\.)/
const PLACE = /:(\d+)(?::(\d+))?\)?$/
/** Such a frame has two places, and neither is one in a file. */
const EVAL = '(eval at '

/** null: the line is no frame, or one without a file. */
export function placeInFrame(text: string): FramePlace | null {
  const at = AT.exec(text)
  const place = PLACE.exec(text)
  if (at === null || place === null || text.includes(EVAL)) return null
  const [, line = '', column] = place
  const frame = text.slice(at[0].length, place.index)
  if (PATH.test(frame)) return { file: frame, line, column }
  const bracket = PATH_IN_BRACKETS.exec(frame)
  if (bracket === null) return null
  return { file: frame.slice(bracket.index + bracket[0].length), line, column }
}
