// The members of what commands print as JSON are a promise to scripts: docs/reference/cli.md lists them, and this reads the
// lists there and holds what a real cluster answers against them. A member with `?` may be missing.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { jobFile } from './good-neighbour.ts'
import { WeirKit } from './weir-kit.ts'

type Members = Readonly<Record<string, unknown>>

const PAGE = readFileSync(new URL('../../docs/reference/cli.md', import.meta.url), 'utf8')
const START_MS_MAX = 120_000

let kit: WeirKit
/** What the start of the cluster said. */
let start: Members = {}
let job = ''
let taskManager = ''
const TALLY: readonly string[] = [jobFile('tally.ts'), '--output', 'out', '--records', '2000']

beforeAll(async () => {
  kit = WeirKit.empty()
  start = await kit.json('cluster', 'start', '--port', '0')
  job = (await kit.json<{ jobId: string }>('run', '--detach', ...TALLY)).jobId
  await kit.weir('job', 'wait', job)
  taskManager = (await kit.client.workers())[0]?.workerId ?? ''
}, START_MS_MAX)
afterAll(() => kit[Symbol.asyncDispose]())

/** What the page says behind `after`: `name` or `name{inner,inner}`, in one run of code. */
function documented(after: string): string {
  const at = PAGE.indexOf(after)
  if (at < 0) throw new Error(`the page does not say ${JSON.stringify(after)} any more`)
  const [, list] = /^[^`]*`([^`]+)`/.exec(PAGE.slice(at + after.length)) ?? []
  if (list === undefined) throw new Error(`no list behind ${JSON.stringify(after)}`)
  return list
}

interface Listed {
  readonly name: string
  readonly optional: boolean
  readonly inner: string
}

const listed = (list: string): readonly Listed[] =>
  [...list.matchAll(/([A-Za-z]+)(\?)?(?:\{([^}]*)\})?/g)].map(
    ([, name = '', mark, inner = '']) => ({ name, optional: mark === '?', inner }),
  )

/** All that is listed is there, and nothing else. */
function hold(list: string, found: Members, where: string): void {
  const members = listed(list)
  const wanted = members.filter(({ name, optional }) => !optional || name in found)
  expect(Object.keys(found).toSorted(), where).toEqual(wanted.map(({ name }) => name).toSorted())
  for (const { name, inner } of members) {
    const value = found[name]
    const below = Array.isArray(value) ? value : [value]
    for (const one of inner === '' ? [] : below)
      hold(inner.replaceAll(',', ' '), one as Members, `${where}, ${name}`)
  }
}

interface Case {
  readonly argv: readonly string[]
  /** Words of the page that stand before the list. */
  readonly after: string
  /** Members of the answer, down to the object that the list is about; `0` is the first of an array. */
  readonly at?: readonly string[]
  /** Members of the same object that stand elsewhere on the page. */
  readonly and?: string
}

const CASES = (): readonly Case[] => [
  { argv: ['cluster', 'status'], after: '`status` →' },
  { argv: ['cluster', 'status'], after: 'where `cluster` is', at: ['cluster'] },
  { argv: ['job', 'list'], after: '| `job list` | `jobs`: summaries:', at: ['jobs', '0'] },
  {
    argv: ['job', 'describe', job],
    after: '| `job describe` | a summary, and',
    and: '| `job list` | `jobs`: summaries:',
  },
  { argv: ['job', 'describe', job], after: '| … `taskViews` |', at: ['taskViews', '0'] },
  { argv: ['job', 'describe', job], after: '| … `attempts` |', at: ['attempts', '0'] },
  {
    argv: ['job', 'checkpoints', job],
    after: '| `job checkpoints` | `checkpoints`:',
    at: ['checkpoints', '0'],
  },
  { argv: ['job', 'exceptions', job], after: '| `job exceptions` |' },
  { argv: ['job', 'wait', job], after: '| `job wait` |' },
  {
    argv: ['taskmanager', 'list'],
    after: 'JSON: `list` → `taskmanagers`:',
    at: ['taskmanagers', '0'],
  },
  {
    argv: ['taskmanager', 'describe', taskManager],
    after: 'JSON: `list` → `taskmanagers`:',
    and: '`describe` → one of\nthese and',
  },
  { argv: ['top', '--once'], after: 'a terminal and with `--once`. JSON:' },
  { argv: ['config', 'list'], after: 'JSON: `list` → `config`:', at: ['config', '0'] },
  {
    argv: ['config', 'explain', 'rest.port'],
    after: '`explain` → one of these and\n',
    and: 'JSON: `list` → `config`:',
  },
  { argv: ['doctor'], after: 'JSON: `healthy`, `findings`:', at: ['findings', '0'] },
  { argv: ['version'], after: '`weir version` shows the versions of Weir and Node. JSON:' },
  { argv: ['plan', ...TALLY], after: 'for a flowchart. JSON: `graph`\n(', at: ['graph'] },
  {
    argv: ['context', 'add', 'here', kit.address],
    after: 'JSON: `ls` → `contexts`:',
  },
  { argv: ['context', 'ls'], after: 'JSON: `ls` → `contexts`:', at: ['contexts', '0'] },
]

describe('members of JSON are those of the page', () => {
  test('every command that is listed here', async () => {
    hold(documented('JSON: `start` →'), start, 'weir cluster start --json')
    kit.environment = { XDG_CONFIG_HOME: join(kit.directory, 'config') }
    for (const { argv, after, at = [], and } of CASES()) {
      const where = `weir ${argv.join(' ')} --json`
      const answer = await kit.json<Members>(...argv)
      const found = at.reduce<Members>((whole, name) => whole[name] as Members, answer)
      const list = and === undefined ? documented(after) : `${documented(after)} ${documented(and)}`
      hold(list, found, [where, ...at].join(' … '))
    }
  })

  test('a job that failed says why in the members that are listed', async () => {
    const ran = await kit.weir('run', jobFile('bad-record.ts'), '--kind', 'function', '-p', '2')
    expect(ran.code, ran.err).toBe(1)
    const { jobs } = await kit.json<{
      jobs: readonly { jobId: string; failure: Members | null }[]
    }>('job', 'list')
    const failure = jobs.find((one) => one.failure !== null)?.failure
    const always = documented('A failure is\n')
    const where = documented('and where known')
    const optional = listed(where).map(({ name }) => `${name}?`)
    hold(`${always} ${optional.join(' ')}`, failure ?? {}, 'a failure')
  })
})
