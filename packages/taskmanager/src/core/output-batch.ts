// How many printed lines travel together: bounded in number and in characters, so that no batch holds up what comes behind
// it on the same connection, heartbeats above all. A line is never cut, so one that is longer goes alone.

export interface BatchLimits {
  readonly linesMax: number
  readonly charsMax: number
}

/** Of the first lines; 0 only where there is none. */
export function batchLength(
  lines: readonly { readonly text: string }[],
  { linesMax, charsMax }: BatchLimits,
): number {
  let chars = 0
  let count = 0
  for (const { text } of lines) {
    chars += text.length
    if (count > 0 && (count === linesMax || chars > charsMax)) break
    count++
  }
  return count
}
