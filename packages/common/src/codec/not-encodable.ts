// The error of a value that its codec cannot write: it names the place, from the outermost type
// inwards, so that the author finds the field at once (`Bid.items[3].price: expected text, got
// null`). Each level adds its step on the way out.

import { WeirError } from '../core/errors.ts'

/** WeirError `record/not-encodable`. */
export class NotEncodable extends WeirError {
  /** Steps from the root to the place: `.items[3].price`; empty at the root. */
  readonly path: string
  readonly reason: string

  constructor(root: string, path: string, reason: string) {
    const place = `${root}${path}`
    super('record/not-encodable', place === '' ? reason : `${place}: ${reason}`, {
      domain: 'user',
      hint: 'The value has not its declared type; correct the step that makes it, or the type.',
    })
    this.path = path
    this.reason = reason
  }
}

export function expected(what: string, value: unknown): NotEncodable {
  return new NotEncodable('', '', `expected ${what}, got ${kindOf(value)}`)
}

/** What was thrown while writing the part `step` of something; other errors pass as they are. */
export function within(root: string, step: string, thrown: unknown): unknown {
  return isNotEncodable(thrown)
    ? new NotEncodable(root, `${step}${thrown.path}`, thrown.reason)
    : thrown
}

/** A value in a few words, for messages. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  switch (typeof value) {
    case 'undefined':
      return 'undefined (is the field missing?)'
    case 'string':
      return `text ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)}`
    case 'number':
    case 'boolean':
      return `${typeof value} ${value}`
    case 'object':
      return describeInstance(value)
    default:
      return `a ${typeof value}`
  }
}

function describeInstance(value: object): string {
  const maker: unknown = Object.getPrototypeOf(value)?.constructor
  return typeof maker === 'function' && maker !== Object
    ? `an instance of ${maker.name || 'a class'}`
    : 'an object'
}

/** WeirError answers instanceof by name, so its subclass must be told by what it has. */
function isNotEncodable(thrown: unknown): thrown is NotEncodable {
  return thrown instanceof WeirError && thrown.code === 'record/not-encodable' && 'reason' in thrown
}
