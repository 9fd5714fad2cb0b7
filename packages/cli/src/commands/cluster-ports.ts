// The ports that the processes of `weir cluster start` will open, held against each other before any of them is started:
// they share one machine, and a process that finds its port taken by its neighbour says so in a log that nobody reads.

import { WeirError } from '@weirjs/common/core/errors'
import type { Config } from '@weirjs/common/node/config'
import { healthPortOf } from './cluster-health.ts'

const PORT_MAX = 65_535
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
}

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
    ...names.map((name) => ({ what: `${CONTROL} of ${name}`, port: control })),
    ...['the JobManager', ...names].map((name, place) => {
      const own = healthPortOf(config, place)
      return own === null ? null : { what: `health.port of ${name}`, port: own }
    }),
  ]
  return all.filter((one) => one !== null && one.port > 0) as readonly Opened[]
}

/** One range for all of them: each slot takes a port of it that is free. */
function checkData({ config, taskManagers, slots }: PortPlan, opened: readonly Opened[]): void {
  const { first, last } = config.values[DATA]
  if (first === 0 || taskManagers === 0) return
  const within = opened.find(({ port }) => port >= first && port <= last)
  if (within !== undefined) throw refused(`${within.what}, ${within.port}, is within ${DATA}`)
  const [wanted, there] = [taskManagers * slots, last - first + 1]
  if (wanted > there)
    throw refused(`${DATA} has ${there} ports, and all slots together want ${wanted}`)
}

function refused(message: string): WeirError {
  return new WeirError('config/ports-clash', message, {
    domain: 'user',
    hint: 'choose others with --port, -D rest.port=…, -D health.port=…, …; 0 is any free one',
  })
}
