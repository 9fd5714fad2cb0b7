// The nearest known name to a mistyped one, for error messages.

/** Names farther away than this share of their length are not worth suggesting. */
const DISTANCE_SHARE_MAX = 0.4

/** The known name nearest to `wrong`, or undefined when none is near. */
export function nearest(wrong: string, known: Iterable<string>): string | undefined {
  let best: string | undefined
  let bestDistance = Number.POSITIVE_INFINITY
  for (const name of known) {
    const distance = editDistance(wrong.toLowerCase(), name.toLowerCase())
    if (distance < bestDistance) {
      best = name
      bestDistance = distance
    }
  }
  if (best === undefined) return undefined
  return bestDistance <= Math.max(1, Math.max(wrong.length, best.length) * DISTANCE_SHARE_MAX)
    ? best
    : undefined
}

/** `Did you mean "x"?`, or what there is, or nothing. */
export function didYouMean(wrong: string, known: readonly string[]): string | undefined {
  const name = nearest(wrong, known)
  if (name !== undefined) return `Did you mean "${name}"?`
  return known.length === 0 ? undefined : `Known are: ${known.join(', ')}.`
}

/** Insertions, deletions, substitutions and swaps of neighbours that lead from `a` to `b`. */
function editDistance(a: string, b: string): number {
  let before: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1
      let least = Math.min(
        (previous[j] ?? 0) + 1,
        (current[j - 1] ?? 0) + 1,
        (previous[j - 1] ?? 0) + cost,
      )
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (swapped) least = Math.min(least, (before[j - 2] ?? 0) + 1)
      current.push(least)
    }
    before = previous
    previous = current
  }
  return previous[b.length] ?? 0
}
