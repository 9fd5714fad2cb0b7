// The ports that the processes of `weir cluster start` will open: chosen where any free one is wanted, and held against
// each other before any of them is started. They share one machine, and a process that finds its port taken by its
// neighbour says so in a log that nobody reads.

import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { WeirError } from '@weirjs/common/core/errors'
import type { Config } from '@weirjs/common/node/config'
import { healthPortOf } from './cluster-health.ts'

export const PORT_MAX = 65_535
const CONTROL = 'taskmanager.rpc.port'
const DATA = 'taskmanager.data.port-range'
/** Where the data range leaves others hardly any room, a port within it does: it may be the only one that is left. */
const CHOICES_MAX = 32
/** Below, well-known services listen. */
const CHOSEN_FIRST = 10_240
/** Where the system begins to give ports to those who ask for any, unless it says otherwise. */
const GIVEN_FIRST = 32_768

export interface PortPlan {
  readonly config: Config
  /** As chosen. */
  readonly port: number
  /** As chosen; null: there is no page. */
  readonly restPort: number | null
  readonly taskManagers: number
  /** Of each TaskManager. */
  readonly slots: number
}

interface Opened {
  readonly what: string
  readonly port: number
  /** By a TaskManager, which itself refuses a port of its own in its data range. */
  readonly byTaskManager?: boolean
}

// ---- choosing ----

/**
 * `wished`: for the JobManager. Whoever wants any free one for it (0) gets one for the page too, unless the configuration
 * says which. Errors: `net/port-in-use`, `cli/usage`.
 */
export async function choosePorts(
  config: Config,
  wished: number,
): Promise<Pick<PortPlan, 'port' | 'restPort'>> {
  const said = config.values['rest.port']
  const rest = wished === 0 && config.origins['rest.port'] === 'default' ? 0 : said
  const restPort =
    said === null || rest === null ? null : await choose(config, rest, '-D rest.port=…', null)
  return { restPort, port: await choose(config, wished, '--port', restPort) }
}

/** `taken`: not this one, unless it is wished for. */
async function choose(
  config: Config,
  wished: number,
  flag: string,
  taken: number | null,
): Promise<number> {
  if (wished > PORT_MAX) {
    throw new WeirError('cli/usage', `${flag} is ${wished}, at most ${PORT_MAX}`, {
      domain: 'user',
    })
  }
  if (wished > 0) return freePort(wished, flag)
  for (let i = 1; i < CHOICES_MAX; i++) {
    const chosen = anyPort()
    if (chosen === taken || isForData(config, chosen)) continue
    try {
      return await freePort(chosen, flag)
    } catch (error) {
      if (!(error instanceof WeirError)) throw error // else it is taken: another one
    }
  }
  return freePort(0, flag)
}

/**
 * That the system gives to nobody: one that it gives may be given again until our process opens it, and while a process is
 * down that others dial again and again, one of them may be connected from that very port, to itself.
 */
function anyPort(): number {
  const span = Math.max(1, givenFirst() - CHOSEN_FIRST)
  return CHOSEN_FIRST + Math.floor(Math.random() * span)
}

function givenFirst(): number {
  try {
    const range = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')
    return Number(range.split('\t')[0]) || GIVEN_FIRST
  } catch {
    return GIVEN_FIRST // another system
  }
}

async function freePort(port: number, flag: string): Promise<number> {
  const server = createServer()
  return new Promise((fulfil, reject) => {
    server.once('error', (cause) => {
      const message = `port ${port} of 127.0.0.1 cannot be had: ${cause.message}`
      const hint = `choose another with ${flag}; 0 is any free one`
      reject(new WeirError('net/port-in-use', message, { domain: 'user', cause, hint }))
    })
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address()
      const chosen = typeof address === 'object' && address !== null ? address.port : port
      server.close(() => fulfil(chosen))
    })
  })
}

// ---- checking ----

/** Throws `config/ports-clash` with the names of both, where two would be the same, and where one is none. */
export function checkPorts(plan: PortPlan): void {
  const opened = portsOf(plan)
  const byPort = new Map<number, Opened>()
  for (const one of opened) {
    if (one.port > PORT_MAX) throw refused(`${one.what} would be ${one.port}, at most ${PORT_MAX}`)
    const other = byPort.get(one.port)
    if (other !== undefined)
      throw refused(`${other.what} and ${one.what} would both be ${one.port}`)
    byPort.set(one.port, one)
  }
  checkData(plan, opened)
}

/** All that are known beforehand: who takes any free one finds one. */
function portsOf({ config, port, restPort, taskManagers }: PortPlan): readonly Opened[] {
  const { values, origins } = config
  const names = Array.from({ length: taskManagers }, (_, i) => `taskmanager-${i + 1}`)
  // Only -D is said to each of them; else they take any free one.
  const control = origins[CONTROL] === 'flag -D' ? values[CONTROL] : 0
  const all: (Opened | null)[] = [
    { what: 'jobmanager.rpc.port', port },
    restPort === null ? null : { what: 'rest.port', port: restPort },
    ...names.map((name) => ({ what: `${CONTROL} of ${name}`, port: control, byTaskManager: true })),
    ...['the JobManager', ...names].map((name, place) => {
      const own = healthPortOf(config, place)
      if (own === null) return null
      return { what: `health.port of ${name}`, port: own, byTaskManager: place > 0 }
    }),
  ]
  return all.filter((one) => one !== null && one.port > 0) as readonly Opened[]
}

/** One range for all of them: each slot takes a port of it that is free. */
function checkData({ config, taskManagers, slots }: PortPlan, opened: readonly Opened[]): void {
  const { first, last } = config.values[DATA]
  if (first === 0) return
  const taken = opened.filter(({ port }) => isForData(config, port))
  const own = taken.find(({ byTaskManager }) => byTaskManager)
  if (own !== undefined) throw refused(`${own.what}, ${own.port}, is within ${DATA}`)
  const [wanted, there] = [taskManagers * slots, last - first + 1]
  if (wanted <= there - taken.length) return
  const [one, ...others] = taken.map(({ what }) => what)
  const more = others.length === 0 ? '' : ` and ${others.length} more`
  const less = one === undefined ? '' : `, ${one}${more} among them`
  throw refused(`${DATA} has ${there} ports${less}, and all slots together want ${wanted}`)
}

function isForData({ values }: Config, port: number): boolean {
  const { first, last } = values[DATA]
  return port >= first && port <= last
}

function refused(message: string): WeirError {
  return new WeirError('config/ports-clash', message, {
    domain: 'user',
    hint: 'choose others with --port, -D rest.port=…, -D health.port=…, -D taskmanager.data.port-range=…, …; 0 is any free one',
  })
}
