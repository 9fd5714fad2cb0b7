// The programs in the documents. A block of the language `ts` says behind it what it is:
//
//   ts job --input x   a whole job module; what follows are the arguments that it is built with
//   ts part            a piece of one: it sees the names below, and stands in a function

import { readFileSync } from 'node:fs'
import { basename } from 'node:path'

export interface DocProgram {
  /** `page.md:12`, where the block begins. */
  readonly place: string
  readonly kind: 'job' | 'part'
  readonly argv: readonly string[]
  /** Complete, as a file. */
  readonly source: string
}

/** What parts may speak of without saying where it comes from. */
const PRELUDE = `
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import {
  days, discard, fromItems, generator, hours, int, job, keyedProcess, listState, mapState, minutes, operatorList,
  outOfOrder, print, process, seconds, struct, text, timestamp, unionList, value, WeirError,
  type DataStream, type Environment, type InferType, type JobDefinition,
} from 'weirjs'
import { csvFiles, ndjsonFiles, parquetFiles, textFiles } from 'weirjs/files'
import { harness, LocalCluster } from 'weirjs/testing'
const Order = struct('Order', { customer: text(), cents: int() })
const Total = struct('Total', { customer: text(), orders: int(), cents: int() })
const Login = struct('Login', { user: text(), time: timestamp() })
const inactivity = keyedProcess({ uid: 'inactivity', in: Login, out: text(), key: text(), each() {} })
declare const env: Environment
declare const orders: DataStream<InferType<typeof Order>>
declare const totals: DataStream<InferType<typeof Total>>
declare const orderTotals: JobDefinition
`

const BLOCK = /^```ts([^\n]*)\n([\s\S]*?)^```/gm

/** All programs of a page. Throws for a block that does not say what it is. */
export function programsOf(file: string): readonly DocProgram[] {
  const page = readFileSync(file, 'utf8')
  return [...page.matchAll(BLOCK)].map((match) => {
    const [, info = '', body = ''] = match
    const place = `${basename(file)}:${page.slice(0, match.index).split('\n').length}`
    const [kind, ...argv] = info.trim().split(/\s+/)
    if (kind === 'job') return { place, kind, argv, source: body }
    if (kind === 'part') return { place, kind, argv, source: wrapped(body) }
    throw new Error(`${place}: write "ts job" or "ts part", so that it can be checked`)
  })
}

const wrapped = (body: string): string =>
  `${PRELUDE}\nexport async function part(): Promise<void> {\n${body}\n}\n`
