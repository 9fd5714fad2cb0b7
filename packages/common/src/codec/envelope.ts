// A small file that says what it is and proves that it is whole: manifests, job log entries. A
// person can read it with `cat`: one header line, the payload (JSON, mostly), a line end.
//
//   weir <kind> v<version> <payload bytes> <CRC-32, 8 hex digits>\n<payload>\n
//
// The checksum covers the header line before it as well, so that no digit of the version can change
// unnoticed.

import { crc32 } from 'node:zlib'
import { WeirError } from '../core/errors.ts'

export interface Opened {
  readonly version: number
  readonly payload: Uint8Array
}

const HEADER_BYTES_MAX = 128
const HEADER = /^weir ([a-z][a-z0-9-]{0,39}) v([1-9][0-9]{0,8}) (0|[1-9][0-9]{0,8}) ([0-9a-f]{8})$/
const LINE_END = 0x0a

/** `kind` is lower-case words joined by hyphens, at most 40 characters; `version` is ≥ 1. */
export function seal(kind: string, version: number, payload: Uint8Array): Uint8Array {
  const promise = `weir ${kind} v${version} ${payload.length} `
  const header = `${promise}${checksum(promise, payload)}`
  if (!HEADER.test(header))
    throw new RangeError(`no envelope can be of kind ${kind}, version ${version}`)
  return Buffer.concat([Buffer.from(`${header}\n`), payload, Uint8Array.of(LINE_END)])
}

/**
 * Throws WeirError `state/file-damaged`, naming the file and the offset, for anything that
 * `seal(kind, …)` did not make.
 */
export function open(kind: string, bytes: Uint8Array, nameForErrors: string): Opened {
  const headerEnd = bytes.subarray(0, HEADER_BYTES_MAX).indexOf(LINE_END)
  if (headerEnd < 0) throw fileDamaged(nameForErrors, 0, 'it has no header line')
  const header = Buffer.from(bytes.subarray(0, headerEnd)).toString('latin1')
  const match = HEADER.exec(header)
  if (match === null) throw fileDamaged(nameForErrors, 0, 'its header line is not one of ours')
  const [, foundKind, version, length, crc] = match as unknown as [
    string,
    string,
    string,
    string,
    string,
  ]
  if (foundKind !== kind) throw fileDamaged(nameForErrors, 5, `it is a ${foundKind}, not a ${kind}`)
  const start = headerEnd + 1
  const end = start + Number(length)
  if (bytes.length !== end + 1) {
    throw fileDamaged(
      nameForErrors,
      Math.min(bytes.length, end + 1),
      `it has ${bytes.length} bytes instead of ${end + 1}`,
    )
  }
  if (bytes[end] !== LINE_END) throw fileDamaged(nameForErrors, end, 'its last byte is no line end')
  const payload = bytes.subarray(start, end)
  if (checksum(header.slice(0, -8), payload) !== crc)
    throw fileDamaged(nameForErrors, 0, 'its checksum does not fit')
  return { version: Number(version), payload }
}

export function sealJson(kind: string, version: number, value: unknown): Uint8Array {
  return seal(kind, version, Buffer.from(JSON.stringify(value)))
}

/**
 * The value is what JSON makes of it: check its form before use. Throws WeirError
 * `state/file-damaged`.
 */
export function openJson(
  kind: string,
  bytes: Uint8Array,
  nameForErrors: string,
): { readonly version: number; readonly value: unknown } {
  const { version, payload } = open(kind, bytes, nameForErrors)
  try {
    return { version, value: JSON.parse(Buffer.from(payload).toString('utf8')) as unknown }
  } catch (cause) {
    throw fileDamaged(
      nameForErrors,
      bytes.length - payload.length - 1,
      'its payload is no JSON',
      cause,
    )
  }
}

/** WeirError `state/file-damaged`: never fallen back from silently (decision D13). */
export function fileDamaged(name: string, offset: number, why: string, cause?: unknown): WeirError {
  return new WeirError('state/file-damaged', `${name} is damaged at byte ${offset}: ${why}`, {
    domain: 'external',
    retry: 'never',
    hint: 'Restore the file from a copy, or choose another checkpoint with -s.',
    ...(cause === undefined ? {} : { cause }),
  })
}

function checksum(promise: string, payload: Uint8Array): string {
  return crc32(payload, crc32(promise)).toString(16).padStart(8, '0')
}
