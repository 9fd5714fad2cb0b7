// A job that does, in its map step, what its argument says: for tests of what becomes of it, and of its neighbours.

import { spawn, spawnSync } from 'node:child_process'
import { closeSync, writeSync } from 'node:fs'
import { discard, generator, int, job, text } from 'weirjs'

const args = {
  how: text(),
  at: int({ default: 100 }),
  records: int({ default: 1_000_000_000 }),
  /** Of `remember`. */
  mark: text({ default: '' }),
}

const MEBIBYTE = 1_048_576
/** Takes for ever on a long text that does not end as it must: each letter doubles the ways to try. */
const CATASTROPHIC = /^(?:a+)+$/
const LETTERS = 40
const TIMERS = 100_000
/** Of processes: more than a job may have in the tests. */
const SWARM = 60
const LINE = 'x'.repeat(64 * 1_024 - 1)
/** Of LINE, printed for each of PRINTING_RECORDS: together they are a gibibyte. */
const LINES_EACH = 16
const WRITTEN_CHARS = 16_383
export const PRINTING_RECORDS = 1_024

/** A child fills memory. */
const BROOD =
  'const hoard = []; const more = () => { hoard.push(Buffer.alloc(4_194_304, 1)); setImmediate(more) }; more()'

/** The pipe by which its process tells its TaskManager what is so. */
const EVENTS = 3
/** No message begins like that. */
const GARBAGE = Uint8Array.of(0, 0, 0, 4, 255, 255, 255, 255)
/** A message of 4 GiB does, if there were one. */
const CLAIM = Uint8Array.of(255, 255, 255, 255)
/** A message of the largest size does. */
const LARGE = Uint8Array.of(1, 0, 0, 128, 0)

/** And megabytes behind it, as fast as somebody reads them. */
function pour(bytes: Uint8Array): void {
  try {
    writeSync(EVENTS, bytes)
  } catch (error) {
    // Nobody reads just now.
    if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error
  }
  setImmediate(() => pour(Buffer.alloc(MEBIBYTE / 16)))
}

function start(command: string, withArgs: readonly string[]): void {
  const child = spawn(command, withArgs, { stdio: 'ignore' })
  child.unref()
  console.log(`has started ${child.pid}`)
}

const seen = globalThis as { mark?: string }
/** In this attempt, which may begin behind the record at which the one before has ended. */
let done = false

const ONCE: Readonly<Record<string, (mark: string) => void>> = {
  throw: () => {
    throw new Error('thrown in map')
  },
  later: () => {
    setTimeout(() => {
      throw new Error('thrown later')
    }, 1)
  },
  reject: () => {
    void Promise.reject(new Error('nobody catches this'))
  },
  recurse: () => {
    const deeper = (n: number): number => deeper(n + 1) + 1
    deeper(0)
  },
  exit: () => {
    console.log('about to exit')
    process.exit(7)
  },
  fill: () => {
    const hoard: number[][] = []
    for (;;) hoard.push(new Array<number>(100_000).fill(hoard.length))
  },
  flood: () => {
    // In turns: on a slow machine a loop would be ended for standing still before it has filled anything.
    const hoard: Buffer[] = []
    const more = (): void => {
      hoard.push(Buffer.alloc(4 * MEBIBYTE, 1))
      setImmediate(more)
    }
    more()
  },
  block: () => {
    for (;;) Math.sqrt(2)
  },
  regex: () => {
    CATASTROPHIC.test(`${'a'.repeat(LETTERS)}!`)
  },
  kill: () => process.kill(process.pid, 'SIGKILL'),
  crash: () => process.kill(process.pid, 'SIGSEGV'),
  stop: () => process.kill(process.pid, 'SIGSTOP'),
  terminate: () => process.kill(process.pid, 'SIGTERM'),
  debug: () => process.kill(process.pid, 'SIGUSR1'),
  timers: () => {
    for (let i = 0; i < TIMERS; i++) setTimeout(() => {}, i)
  },
  close: () => {
    process.stdout.end()
    closeSync(1)
    closeSync(2)
    console.log('nobody hears this')
  },
  remember: (mark) => {
    console.log(`before: ${seen.mark ?? 'nothing'}`)
    seen.mark = mark
  },
  garbage: () => {
    writeSync(EVENTS, GARBAGE)
  },
  claim: () => pour(CLAIM),
  large: () => pour(LARGE),
  // As a library does that tells a parent that it is ready, where there is one.
  parent: () => {
    process.on('message', () => {})
    process.send?.('ready')
    process.disconnect?.()
  },
  // Both outlive their parent, if they may.
  child: () => start('sleep', ['600']),
  // Leaves the process group, and its parent has ended when it is told of.
  daemon: () => {
    const { stdout } = spawnSync('setsid', ['sh', '-c', 'sleep 600 > /dev/null & echo $!'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    console.log(`daemon ${stdout.toString().trim()} of ${process.pid}`)
  },
  // Each takes so little that all of them are no matter of memory.
  swarm: () => {
    const more = (left: number): void => {
      spawn('sleep', ['600'], { stdio: 'ignore' }).unref()
      if (left > 1) setImmediate(() => more(left - 1))
    }
    more(SWARM)
  },
  brood: () => start(process.execPath, ['-e', BROOD]),
  environment: () => console.log(`sees: ${Object.keys(process.env).toSorted().join(' ')}`),
}

const EACH: Readonly<Record<string, () => void>> = {
  print: () => {
    for (let i = 0; i < LINES_EACH; i++) console.log(LINE)
  },
  // Each waits until it is read: not so much that the slot stands still for long.
  write: () => {
    writeSync(1, `${LINE.slice(0, WRITTEN_CHARS)}\n`)
  },
}

export default job(
  'misbehaving',
  {
    args,
    restart: { strategy: 'fixed-delay', attempts: 1, delay: '10ms' },
    checkpoint: { every: '200ms' },
  },
  (env, { how, at, records, mark }) => {
    env
      .from(generator({ make: (n) => n, count: records, perSecond: 1_000 }), { uid: 'numbers' })
      .map((n) => {
        if (n >= at && !done) {
          done = true
          ONCE[how]?.(mark)
        }
        EACH[how]?.()
        return n
      })
      .to(discard(), { uid: 'nowhere' })
  },
)
