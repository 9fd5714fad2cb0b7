// The members of what commands print as JSON are a promise to scripts: docs/reference/cli.md lists them, and this reads the
// lists there and holds what a real cluster answers against them. A member with `?` may be missing. Every command there is has
// to answer here, or stand in a list with the reason why it does not.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { ALL_COMMANDS, commandOf } from './all-commands.ts'
import { jobFile } from './good-neighbour.ts'
import { until, WeirKit } from './weir-kit.ts'

type Members = Readonly<Record<string, unknown>>

const PAGE = readFileSync(new URL('../../docs/reference/cli.md', import.meta.url), 'utf8')
/** Dozens of commands, one after the other. */
vi.setConfig({ testTimeout: 300_000 })
/** These print nothing that has members, with -o json neither. */
const WITHOUT_JSON: Readonly<Record<string, string>> = {
  'weir jobmanager': 'a process that runs until a signal; its lines are a log',
  'weir taskmanager': 'a process that runs until a signal; its lines are a log',
  'weir completion': 'a script for a shell',
  'weir complete': 'words for that script',
}

let kit: WeirKit
beforeAll(() => {
  kit = WeirKit.empty()
  kit.environment = { XDG_CONFIG_HOME: kit.path('config') }
})
afterAll(() => kit[Symbol.asyncDispose]())

// ---- the page ----

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

const SUMMARY = '| `job list` | `jobs`: summaries:'
const CHECKPOINT = '| `job checkpoints` | `checkpoints`:'
const TASK = '| … `taskViews` |'
const WORKER = 'JSON: `list` → `taskmanagers`:'
const CONTEXT = 'JSON: `ls` → `contexts`:'
const SETTING = 'JSON: `list` → `config`:'

function holdFailure(failure: Members, where: string): void {
  const optional = listed(documented('and where known')).map(({ name }) => `${name}?`)
  hold(`${documented('A failure is\n')} ${optional.join(' ')}`, failure, where)
}

// ---- the commands ----

const answered = new Set<string>()

function noteAnswer(argv: readonly string[]): string {
  answered.add(commandOf(argv))
  return `weir ${argv.join(' ')} --json`
}

interface Part {
  /** Members of the answer, down to the object that the list is about; `0` is the first of an array. */
  readonly at?: readonly string[]
  /** Words of the page that stand before its list; of several, the object has the members of all. */
  readonly after: readonly string[]
}

/** Runs the command and holds the parts of its answer; of one that is held nowhere whole, each member is named by a part. */
async function answer<T = Members>(
  argv: readonly string[],
  ...parts: readonly Part[]
): Promise<T & Members> {
  const where = noteAnswer(argv)
  const whole = await kit.json<T & Members>(...argv)
  for (const { at = [], after } of parts) {
    const found = at.reduce<Members>((outer, name) => outer[name] as Members, whole)
    hold(after.map(documented).join(' '), found, [where, ...at].join(' … '))
  }
  const named = new Set(parts.map(({ at = [] }) => at[0]))
  if (!named.has(undefined))
    expect(Object.keys(whole).toSorted(), where).toEqual([...named].toSorted())
  return whole
}

/** The objects of a command that prints one a line. */
async function lines(...argv: readonly string[]): Promise<readonly Members[]> {
  const where = noteAnswer(argv)
  const { code, out, err } = await kit.weir(...argv, '--json')
  expect(code, `${where}\n${err}`).toBe(0)
  return out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Members)
}

/** What a run tells: each line by its type. Answers the types that there were. */
function holdEvents(events: readonly Members[], where: string): readonly string[] {
  for (const event of events) {
    const type = event['type'] as string
    const at = `${where} … ${type}`
    const row = type === 'result' ? '| `result` (the last) |' : `| \`${type}\` |`
    hold(`type ${documented(row)}`, event, at)
    const { job, checkpoint, failure } = event as Readonly<Record<string, Members | undefined>>
    if (job !== undefined) hold(documented(SUMMARY), job, at)
    if (checkpoint !== undefined) hold(documented(CHECKPOINT), checkpoint, at)
    if (failure !== undefined && failure !== null) holdFailure(failure, at)
  }
  return [...new Set(events.map((event) => event['type'] as string))].toSorted()
}

const tally = (output: string, ...more: readonly string[]): readonly string[] => [
  jobFile('tally.ts'),
  '--output',
  output,
  ...more,
]
const running = async (id: string): Promise<void> => {
  await until(
    () => kit.client.describe(id),
    ({ state }) => state === 'RUNNING',
  )
}

const RECORDS = '50000'

describe('members of JSON are those of the page', () => {
  let job = ''
  let taskManager = ''
  /** Minutes of work. */
  const start = async (output: string): Promise<string> => {
    const args = tally(output, '--records', RECORDS, '--perSecond', '100')
    const { jobId } = await kit.json<{ jobId: string }>('run', '--detach', ...args)
    await running(jobId)
    return jobId
  }

  test('of a cluster that starts, and of a job that is handed over', async () => {
    const started = await answer<{ processes: readonly { role: string; health: string }[] }>(
      ['cluster', 'start', '--port', '0'],
      { after: ['JSON: `start` →'] },
    )
    const { health = '' } = started.processes.find(({ role }) => role === 'jobmanager') ?? {}
    const define = `health.port=${health.split(':').at(-1)}`
    await answer(['healthcheck', 'jobmanager', '-D', define], {
      after: ['Takes `--config` and `-D`. JSON:'],
    })
    const detached = await answer<{ jobId: string }>(
      ['run', '--detach', ...tally('out', '--records', '2000')],
      { after: ['With `--detach`:'] },
    )
    job = detached.jobId
    await answer(['job', 'wait', job], { after: ['| `job wait` |'] })
    taskManager = (await kit.client.workers())[0]?.workerId ?? ''
  })

  test('of commands that look', async () => {
    await answer(
      ['cluster', 'status'],
      { after: ['`status` →'] },
      { at: ['cluster'], after: ['where `cluster` is'] },
    )
    await answer(['job', 'list'], { at: ['jobs', '0'], after: [SUMMARY] })
    await answer(
      ['job', 'describe', job],
      { after: ['| `job describe` | a summary, and', SUMMARY] },
      { at: ['taskViews', '0'], after: [TASK] },
      { at: ['attempts', '0'], after: ['| … `attempts` |'] },
    )
    await answer(['job', 'checkpoints', job], { at: ['checkpoints', '0'], after: [CHECKPOINT] })
    await answer(['job', 'exceptions', job], { after: ['| `job exceptions` |'] })
    await answer(['taskmanager', 'list'], { at: ['taskmanagers', '0'], after: [WORKER] })
    await answer(['top', '--once'], { after: ['a terminal and with `--once`. JSON:'] })
    await answer(['version'], {
      after: ['`weir version` shows the versions of Weir and Node. JSON:'],
    })
    await answer(
      ['plan', ...tally('out')],
      { after: ['for a flowchart. JSON:'] },
      { at: ['graph'], after: ['where `graph` is'] },
    )
    await answer(
      ['doctor'],
      { after: ['and sizes of the rest |\n\nJSON:'] },
      { at: ['findings', '0'], after: ['each finding'] },
    )
  })

  test('of settings, contexts and certificates', async () => {
    await answer(['config', 'list'], { at: ['config', '0'], after: [SETTING] })
    await answer(['config', 'explain', 'rest.port'], {
      after: ['`explain` → one of these and\n', SETTING],
    })
    await answer(['context', 'add', 'here', kit.address], { after: [CONTEXT] })
    await answer(['context', 'use', 'here'], { after: [CONTEXT] })
    await answer(['context', 'ls'], { at: ['contexts', '0'], after: [CONTEXT] })
    await answer(['context', 'rm', 'here'], { after: [CONTEXT] })
    await answer(['certs', 'create', '--dir', 'tls'], { after: ['JSON: `create` →'] })
    await answer(
      ['certs', 'show', join('tls', 'ca.crt')],
      { after: ['`show` →'] },
      { at: ['certificates', '0'], after: ['each certificate'] },
    )
  })

  test('of a job that is followed, stumbles, and is asked what it printed', async () => {
    const events = await lines('run', jobFile('stumbles.ts'), '--once', kit.path('once'))
    const types = holdEvents(events, 'weir run')
    const told = ['failure', 'output', 'result', 'state', 'submitted']
    expect(types).toEqual(expect.arrayContaining(told))
    const { jobId } = events.at(-1) as { jobId: string }
    const printed = await lines('job', 'logs', jobId)
    for (const line of printed) {
      const rest =
        line['type'] === 'output' ? ['(`output`, `lost-output`),'] : ['`stream text`, or']
      hold(['type', ...rest.map(documented)].join(' '), line, 'weir job logs')
    }
    expect(new Set(printed.map((line) => line['type']))).toEqual(new Set(['lost-output', 'output']))
    const here = await lines('dev', jobFile('stumbles.ts'), '--once', kit.path('dev-once'))
    expect(holdEvents(here, 'weir dev')).toEqual(expect.arrayContaining(['failure', 'output']))
  })

  test('of a job that is stopped and goes on, of one that is cancelled, of one that failed', async () => {
    const first = await start('first')
    await answer(
      ['taskmanager', 'describe', taskManager],
      { after: [WORKER, '`describe` → one of\nthese and'] },
      { at: ['tasks', '0'], after: ['`describe` → one of\nthese and `tasks`:', TASK] },
    )
    await answer(['checkpoint', 'trigger', first], { after: [CHECKPOINT] })
    const { path } = await answer<{ path: string }>(['job', 'stop', first], {
      after: ['| `job stop` |'],
    })
    const more = tally('first', '--records', RECORDS, '--perSecond', '100000')
    const events = await lines('run', '-s', path, ...more)
    const types = holdEvents(events, 'weir run -s')
    expect(types).toEqual(expect.arrayContaining(['checkpoint', 'progress', 'restored']))
    const second = await start('second')
    await answer(['job', 'cancel', second], { after: ['| `job cancel` |'] })
    const ran = await kit.weir('run', jobFile('bad-record.ts'), '--kind', 'function', '-p', '2')
    expect(ran.code, ran.err).toBe(1)
    const { jobs } = await kit.json<{ jobs: readonly { failure: Members | null }[] }>('job', 'list')
    const failure = jobs.find((one) => one.failure !== null)?.failure
    holdFailure(failure ?? {}, 'a failure')
  })

  test('of an error', async () => {
    const { code, err } = await kit.weir('job', 'describe', 'f'.repeat(32), '--json')
    expect(code, err).toBe(4)
    const { error } = JSON.parse(err) as { error: Members }
    const [listedError] = listed(documented('and an error is\n').replaceAll(/["\s:]/g, ''))
    const inner = listedError?.inner ?? ''
    expect(inner).toContain('code')
    expect(inner.split(',')).toEqual(expect.arrayContaining(Object.keys(error)))
  })

  test('of the end of a cluster', async () => {
    await answer(['taskmanager', 'drain', taskManager, '--force'], { after: [WORKER] })
    await answer(['taskmanager', 'drain', taskManager, '--undo'], { after: [WORKER] })
    for (const line of await lines('cluster', 'logs'))
      hold(documented('`logs` → one object a line:'), line, 'weir cluster logs')
    await answer(['cluster', 'stop'], { after: ['`stop` →'] })
  })

  test('of every command that there is', () => {
    const missing = ALL_COMMANDS.filter((one) => !answered.has(one) && !(one in WITHOUT_JSON))
    expect(missing, 'their JSON is held against the page nowhere').toEqual([])
    const gone = Object.keys(WITHOUT_JSON).filter((one) => !ALL_COMMANDS.includes(one))
    expect(gone, 'no commands any more').toEqual([])
  })
})
