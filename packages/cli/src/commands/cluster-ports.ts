// The ports that the processes of `weir cluster start` will open: chosen where any free one is wanted, and held against
// each other before any of them is started. They share one machine, and a process that finds its port taken by its
// neighbour says so in a log that nobody reads.

import { WeirError } from '@weirjs/common/core/errors'
import type { Config } from '@weirjs/common/node/config'
import { freePort, listened } from '@weirjs/common/node/free-port'
import { healthPortOf } from './cluster-health.ts'

export const PORT_MAX = 65_535
const CONTROL = 'taskmanager.rpc.port'
const DATA = 'taskmanager.data.port-range'

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
  plan: Omit<PortPlan, 'port' | 'restPort'>,
  wished: number,
): Promise<Pick<PortPlan, 'port' | 'restPort'>> {
  const { values, origins } = plan.config
  const said = values['rest.port']
  const rest = wished === 0 && origins['rest.port'] === 'default' ? 0 : said
  const known = portsOf({ ...plan, port: wished, restPort: rest })
  const taken = new Set(known.map((one) => one.port))
  const restPort = rest === null ? null : await choose(plan.config, rest, '-D rest.port=…', taken)
  if (restPort !== null) taken.add(restPort)
  return { restPort, port: await choose(plan.config, wished, '--port', taken) }
}

/** `taken` by others of this cluster. Who wishes for one of those gets it: `checkPorts` tells by which names. */
async function choose(
  config: Config,
  wished: number,
  flag: string,
  taken: ReadonlySet<number>,
): Promise<number> {
  if (wished > PORT_MAX) {
    throw new WeirError('cli/usage', `${flag} is ${wished}, at most ${PORT_MAX}`, {
      domain: 'user',
    })
  }
  if (wished > 0) return openable(wished, flag)
  const isTaken = (port: number): boolean => taken.has(port)
  const chosen =
    (await freePort({ refuses: (port) => isTaken(port) || isForData(config, port) })) ??
    // Where the range for data leaves others hardly any room, a port within it does: it may be the only one that is left.
    (await freePort({ refuses: isTaken }))
  return chosen ?? openable(0, flag)
}

async function openable(port: number, flag: string): Promise<number> {
  try {
    return await listened(port)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new WeirError('net/port-in-use', `port ${port} of 127.0.0.1 cannot be had: ${reason}`, {
      domain: 'user',
      cause,
      hint: `choose another with ${flag}; 0 is any free one`,
    })
  }
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
