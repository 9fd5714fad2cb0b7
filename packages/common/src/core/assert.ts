// Assertions for bugs, kept on in production: a broken invariant must stop the process that broke it, before
// a wrong snapshot is reported complete. Mistakes of the world (files, flags, networks) are WeirErrors instead.

/** Thrown when the program itself is wrong. Nobody catches it to go on. */
export class AssertionFailed extends Error {
  override readonly name = 'AssertionFailed'
}

/** Throws AssertionFailed with `message` unless `condition` holds. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionFailed(message)
}

/** Closes a switch over a union, so that a new variant fails the build; throws AssertionFailed if reached. */
export function unreachable(value: never): never {
  throw new AssertionFailed(`unreachable: ${JSON.stringify(value)}`)
}

/** The value, or AssertionFailed naming `what` when it is null or undefined. */
export function present<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new AssertionFailed(`missing: ${what}`)
  return value
}
