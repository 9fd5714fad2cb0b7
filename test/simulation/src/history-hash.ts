// A hash over a history, taken step by step: two words that each number is mixed into, so that the order counts. Not against
// people who want two histories to look alike; against chance, and cheap enough for every step of a simulation.

const MULTIPLIER_A = 0x01000193
const MULTIPLIER_B = 0x85ebca6b
/** Else high bits of a number would only ever reach high bits of the hash. */
const TURN_BITS = 13

export class HistoryHash {
  #a = 0x811c9dc5
  #b = 0x9747b28c
  readonly #moment = new Float64Array(1)
  readonly #words = new Int32Array(this.#moment.buffer)

  /** Its low 32 bits. */
  number(n: number): void {
    const a = Math.imul(this.#a ^ n, MULTIPLIER_A)
    const b = Math.imul(this.#b ^ n, MULTIPLIER_B)
    this.#a = (a << TURN_BITS) | (a >>> (32 - TURN_BITS))
    this.#b = (b << TURN_BITS) | (b >>> (32 - TURN_BITS))
  }

  /** All 64 bits. */
  time(ms: number): void {
    this.#moment[0] = ms
    this.number(this.#words[0] ?? 0)
    this.number(this.#words[1] ?? 0)
  }

  text(text: string): void {
    for (let i = 0; i < text.length; i++) this.number(text.charCodeAt(i))
  }

  /** 16 digits. */
  get hex(): string {
    const digits = (n: number): string => (n >>> 0).toString(16).padStart(8, '0')
    return digits(this.#a) + digits(this.#b)
  }
}

/** A number for a name, for those who take the same name into a history again and again. */
export function named(name: string): number {
  let n = 0x811c9dc5
  for (let i = 0; i < name.length; i++) n = Math.imul(n ^ name.charCodeAt(i), MULTIPLIER_A)
  return n
}
