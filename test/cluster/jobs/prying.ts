// A job that tries what it may reach, and says so: for the table of what a job can do (docs/operations/isolation.md).

import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { discard, generator, job, path, text } from 'weirjs'

const args = {
  token: path(),
  secret: path(),
  checkpoints: path(),
  /** Its id. */
  other: text(),
  /** URLs. */
  rest: text(),
  metadata: text(),
}
interface Places {
  readonly token: string
  readonly secret: string
  readonly checkpoints: string
  readonly other: string
  readonly rest: string
  readonly metadata: string
}

/** Each throws when it may not. */
const TRIES: Readonly<Record<string, (places: Places) => unknown>> = {
  'reads the token of the cluster': ({ token }) => readFileSync(token),
  'reads a file that only the user of its TaskManager may (keys, secrets)': ({ secret }) =>
    readFileSync(secret),
  'finds the variables of its TaskManager in its own environment': () => {
    if (process.env.PRIED_FOR === undefined) throw new Error('is not there')
  },
  'reads the environment of its TaskManager': () => {
    if (!readFileSync(`/proc/${process.ppid}/environ`, 'utf8').includes('PRIED_FOR='))
      throw new Error('it is another one')
  },
  'stands in the directory that its TaskManager was started in': () => {
    if (process.cwd() === '/') throw new Error('it stands elsewhere')
  },
  'reads the memory of its TaskManager': () => readMemory(process.ppid),
  'ends its TaskManager': () => process.kill(process.ppid, 0),
  'reads the state of another job': ({ checkpoints, other }) =>
    readFileSync(newestState(join(checkpoints, other))),
  'changes or removes the state of another job': ({ checkpoints, other }) => {
    writeFileSync(newestState(join(checkpoints, other)), '', { flag: 'a' })
  },
  'puts a link where the JobManager writes and removes': ({ checkpoints, other }) => {
    const link = join(checkpoints, other, 'chk-1000000000')
    symlinkSync('/tmp', link)
    unlinkSync(link)
  },
  'changes the log of another job, or takes it away': ({ checkpoints, other }) => {
    const log = join(checkpoints, other, 'log')
    try {
      const [entry = ''] = readdirSync(log)
      closeSync(openSync(join(log, entry), 'r+'))
    } catch {
      renameSync(log, `${log}-taken`)
      renameSync(`${log}-taken`, log)
    }
  },
  'ends the process of another job': () => process.kill(neighbour(), 0),
  'asks the JobManager without a token': async ({ rest }) => {
    const { ok, status } = await fetch(`${rest}/v1/jobs/overview`)
    if (!ok) throw new Error(`${status}`)
  },
  "reaches the network, such as a cloud's metadata service (169.254.169.254)": ({ metadata }) =>
    fetch(metadata),
}

function readMemory(pid: number): void {
  const [, start = ''] =
    /^([0-9a-f]+)-[0-9a-f]+ rw/m.exec(readFileSync(`/proc/${pid}/maps`, 'utf8')) ?? []
  const memory = openSync(`/proc/${pid}/mem`, 'r')
  try {
    readSync(memory, Buffer.alloc(16), 0, 16, Number.parseInt(start, 16))
  } finally {
    closeSync(memory)
  }
}

function newestState(directory: string): string {
  const idOf = (name: string): number => Number(name.slice('chk-'.length))
  const checkpoints = readdirSync(directory)
    .filter((name) => name.startsWith('chk-'))
    .toSorted((a, b) => idOf(b) - idOf(a))
  // Old ones are removed while somebody looks: they are never touched.
  for (const name of checkpoints) {
    const file = readdirSync(join(directory, name)).find((one) => one.endsWith('.state'))
    if (file !== undefined) return join(directory, name, file)
  }
  throw new Error(`no state in ${directory}`)
}

/** Another child of the same TaskManager. */
function neighbour(): number {
  const fields = (pid: string): readonly string[] => {
    try {
      return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
    } catch {
      return [] // it has ended
    }
  }
  const found = readdirSync('/proc').find(
    (name) =>
      /^\d+$/.test(name) && Number(name) !== process.pid && fields(name)[1] === `${process.ppid}`,
  )
  if (found === undefined) throw new Error('there is no other job')
  return Number(found)
}

async function pry(places: Places): Promise<void> {
  for (const [what, attempt] of Object.entries(TRIES)) {
    try {
      await attempt(places)
      console.log(`tried: ${JSON.stringify([what, 'yes'])}`)
    } catch (error) {
      console.log(`tried: ${JSON.stringify([what, 'no', String(error)])}`)
    }
  }
  console.log('tried all')
}

let began = false

export default job('prying', { args, checkpoint: { every: '200ms' } }, (env, places) => {
  env
    .from(generator({ make: (n) => n, count: 1_000_000_000, perSecond: 100 }), { uid: 'numbers' })
    .map((n) => {
      if (!began) void pry(places)
      began = true
      return n
    })
    .to(discard(), { uid: 'nowhere' })
})
