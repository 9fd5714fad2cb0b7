// Bytes as text.

import { mismatch } from './declared-type.ts'

/** Node passes over what is no Base64, which makes fewer bytes than there are digits for. */
export function bytesFromText(given: string): Uint8Array {
  const decoded = new Uint8Array(Buffer.from(given, 'base64'))
  if (decoded.length === bytesOfDigits(given)) return decoded
  // It may come in lines.
  if (decoded.length === bytesOfDigits(given.replaceAll(/\s/g, ''))) return decoded
  throw mismatch('bytes as Base64', given)
}

/** Of so many digits of Base64; NaN: nothing has so many. */
function bytesOfDigits(text: string): number {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  const digits = text.length - padding
  return digits % 4 === 1 ? Number.NaN : Math.floor((digits * 3) / 4)
}
