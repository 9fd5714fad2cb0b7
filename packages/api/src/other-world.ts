// Runs a function in a process whose clock and chance have been shifted, to see whether it depends on them. Globals are
// exchanged and put back, so nothing else may run meanwhile: the function must be synchronous.

/** Half a year and an odd bit: another day, hour and weekday. */
const SHIFT_MS = 15_724_931_017

/** Calls `fn` with Date, Math.random, performance.now and crypto's randomness shifted; puts them back in any case. */
export function inAnotherWorld<T>(fn: () => T): T {
  const changes = [...shiftClock(), ...shiftChance()]
  try {
    for (const change of changes) change.apply()
    return fn()
  } finally {
    for (const change of changes) change.undo()
  }
}

interface Change {
  apply(): void
  undo(): void
}

function shiftClock(): Change[] {
  const RealDate = globalThis.Date
  const shiftedNow = (): number => RealDate.now() + SHIFT_MS
  // Not a class of its own: dates that were made before must be instances of it, and it may be called without `new`.
  const ShiftedDate = new Proxy(RealDate, {
    construct: (real, parts: unknown[], target) =>
      Reflect.construct(real, parts.length === 0 ? [shiftedNow()] : parts, target) as Date,
    apply: () => new RealDate(shiftedNow()).toString(),
    get: (real, name) => (name === 'now' ? shiftedNow : (Reflect.get(real, name) as unknown)),
  })
  const { performance } = globalThis
  const now = performance.now.bind(performance)
  return [
    exchange(globalThis, 'Date', ShiftedDate),
    exchange(performance, 'now', () => now() + SHIFT_MS),
  ]
}

function shiftChance(): Change[] {
  // Far from what the first build drew, whatever that was: every draw is mirrored.
  // oxlint-disable-next-line no-restricted-properties -- it is exchanged here, not drawn from
  const real = Math.random
  const uuid = (): `${string}-${string}-${string}-${string}-${string}` => {
    count += 1
    return `0000000f-0000-4000-8000-${String(count).padStart(12, '0')}` as ReturnType<typeof uuid>
  }
  let count = 0
  return [
    exchange(Math, 'random', () => 1 - 2 ** -53 - real()),
    exchange(globalThis.crypto, 'randomUUID', uuid),
  ]
}

/** Exchanges an own or inherited member; undo restores exactly what was there. */
function exchange<O extends object, N extends keyof O>(owner: O, name: N, value: O[N]): Change {
  const own = Object.getOwnPropertyDescriptor(owner, name)
  return {
    apply: () => {
      Object.defineProperty(owner, name, {
        value,
        configurable: true,
        writable: true,
        enumerable: own?.enumerable ?? false,
      })
    },
    undo: () => {
      if (own === undefined) Reflect.deleteProperty(owner, name)
      else Object.defineProperty(owner, name, own)
    },
  }
}
