// npm run demo: 3,000,000 real flights through a real cluster of processes, one of them killed with -9 in the middle, and
// the proof that the result is what a plain computation over the same file says.

import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type DemoEvent, weir, weirEvents } from './processes.ts'
import { plainReport, type ReportLine } from './reference.ts'

const TASK_MANAGERS = 3
const SLOTS = 2
const PARALLELISM = 4
/** The kill comes after so many completed checkpoints and records. */
const CHECKPOINTS_BEFORE_KILL = 2
const RECORDS_BEFORE_KILL = 1_000_000

const root = fileURLToPath(new URL('../..', import.meta.url))
const directory = join(root, '.weir', 'demo')
const output = join(directory, 'report')
const startedAt = performance.now()

const say = (text: string): void => {
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1).padStart(5)
  process.stdout.write(`${seconds} s  ${text}\n`)
}

async function main(): Promise<void> {
  const input = join(root, 'examples/node_modules/vega-datasets/data/flights-3m.parquet')
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  say(`input   ${relative(root, input)}: 3,000,000 flights in 11 row groups`)
  await weir(
    [
      'cluster',
      'start',
      '--taskmanagers',
      `${TASK_MANAGERS}`,
      '--slots',
      `${SLOTS}`,
      '--port',
      '0',
      '-D',
      'heartbeat.interval=250ms',
      '-D',
      'heartbeat.timeout=2s',
    ],
    directory,
  )
  let failed = true
  try {
    say(
      `cluster 1 JobManager and ${TASK_MANAGERS} TaskManagers with ${SLOTS} slots each: processes on loopback`,
    )
    await runJob(input)
    await prove(input)
    failed = false
  } finally {
    await weir(['cluster', 'stop'], directory)
    say(
      `stopped all processes; on disk remains ${relative(process.cwd(), directory) || '.'} (report, checkpoints, logs)`,
    )
    if (failed) process.exitCode = 1
  }
}

async function runJob(input: string): Promise<void> {
  const follower = new Follower()
  const finished = await weirEvents(
    [
      '--json',
      'run',
      join(root, 'examples/flight-delays.ts'),
      '-p',
      `${PARALLELISM}`,
      '-D',
      'execution.checkpointing.interval=500ms',
      '--input',
      input,
      '--output',
      output,
    ],
    directory,
    (event) => follower.show(event),
  )
  await follower.killing
  if (finished.code !== 0)
    throw new Error(`the job failed (exit code ${finished.code})\n${finished.stderr}`)
  if (!follower.killed) throw new Error('the job ended before a TaskManager could be killed')
  if (!follower.restored)
    throw new Error('the job never restarted from a checkpoint: nothing was proven')
}

/** Turns the job's events into lines, and kills when the time has come. */
class Follower {
  killed = false
  restored = false
  killing: Promise<void> = Promise.resolve()
  #completed = 0
  #shownAt = 0
  #records = 0

  show(event: DemoEvent): void {
    switch (event.type) {
      case 'state':
        return say(
          `job     ${event.job.state}${event.job.attempt > 1 ? ` (attempt ${event.job.attempt})` : ''}`,
        )
      case 'checkpoint':
        return this.#checkpoint(event.checkpoint)
      case 'failure':
        return say(
          `failure ${event.failure.message}; restart ${event.delayMs === 0 ? 'at once' : `in ${event.delayMs} ms`}`,
        )
      case 'restored':
        this.restored = true
        return say(`restore attempt ${event.attempt} goes on from checkpoint ${event.checkpointId}`)
      case 'progress':
        return this.#progress(event.recordsOut)
      default:
        return
    }
  }

  #checkpoint({
    checkpointId,
    state,
    kind,
    stateBytes,
  }: Extract<DemoEvent, { type: 'checkpoint' }>['checkpoint']): void {
    if (state !== 'COMPLETED') return
    say(
      `done    checkpoint ${checkpointId}${kind === 'final' ? ' (final)' : ''}: ${Math.round(stateBytes / 1_024)} KiB of state`,
    )
    this.#completed += 1
    if (this.killed || kind === 'final' || this.#completed < CHECKPOINTS_BEFORE_KILL) return
    if (this.#records < RECORDS_BEFORE_KILL) return
    this.killed = true
    this.killing = killOne()
  }

  #progress(records: number): void {
    this.#records = records
    const now = performance.now()
    if (now - this.#shownAt < 1_000) return
    this.#shownAt = now
    say(`        ${records.toLocaleString('en')} records passed on`)
  }
}

/** kill -9 of a TaskManager that runs tasks. */
async function killOne(): Promise<void> {
  const { stdout } = await weir(['--json', 'taskmanager', 'list'], directory)
  const { taskmanagers } = JSON.parse(stdout) as {
    taskmanagers: { workerId: string; pid: number; slots: number; freeSlots: number }[]
  }
  const victim = taskmanagers.find(({ slots, freeSlots }) => freeSlots < slots)
  if (victim === undefined) return
  say(`kill -9 TaskManager ${victim.workerId} (process ${victim.pid}), in the middle of its work`)
  process.kill(victim.pid, 'SIGKILL')
}

async function prove(input: string): Promise<void> {
  const lines = readReport()
  say(
    `report  ${lines.length.toLocaleString('en')} lines (airport × day) in ${relative(root, output)}`,
  )
  const expected = await plainReport(input)
  const differences = compare(lines, expected)
  if (differences.length > 0) {
    throw new Error(
      `the report differs from the plain computation:\n  ${differences.slice(0, 10).join('\n  ')}`,
    )
  }
  table(lines)
  const flights = lines.reduce((sum, line) => sum + line.flights, 0)
  say(`proof   equal to a plain single-process computation over the same file:`)
  say(
    `        ${flights.toLocaleString('en')} flights, each counted exactly once, ${expected.size.toLocaleString('en')} lines, 0 differences`,
  )
}

function readReport(): readonly ReportLine[] {
  return readdirSync(output)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) => readFileSync(join(output, name), 'utf8').split('\n'))
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ReportLine)
}

function compare(
  lines: readonly ReportLine[],
  expected: ReadonlyMap<string, ReportLine>,
): readonly string[] {
  const differences: string[] = []
  const seen = new Set<string>()
  for (const line of lines) {
    const key = `${line.airport} ${line.day}`
    if (seen.has(key)) differences.push(`${key} appears twice`)
    seen.add(key)
    const want = expected.get(key)
    if (JSON.stringify(want) !== JSON.stringify(line)) {
      differences.push(`${key}: ${JSON.stringify(line)} instead of ${JSON.stringify(want)}`)
    }
  }
  for (const key of expected.keys()) if (!seen.has(key)) differences.push(`${key} is missing`)
  return differences
}

/** The worst days of large airports. */
function table(lines: readonly ReportLine[]): void {
  const worst = lines
    .filter(({ flights }) => flights >= 100)
    .sort((a, b) => b.meanDelay - a.meanDelay)
    .slice(0, 8)
  process.stdout.write('\n         airport  day         flights   late   mean delay   worst\n')
  for (const { airport, day, flights, lateShare, meanDelay, worstDelay } of worst) {
    process.stdout.write(
      `         ${airport.padEnd(7)}  ${day}  ${`${flights}`.padStart(7)}  ${`${Math.round(lateShare * 100)} %`.padStart(5)}` +
        `  ${`${meanDelay.toFixed(1)} min`.padStart(11)}  ${`${worstDelay} min`.padStart(8)}\n`,
    )
  }
  process.stdout.write('\n')
}

try {
  await main()
} catch (error) {
  process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
