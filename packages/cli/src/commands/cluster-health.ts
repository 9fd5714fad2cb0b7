// Where the processes of `weir cluster start` answer probes. When no configuration names a port, each takes any free one of
// loopback: as the process opens it, nobody can take it in between. Which one it is, the process writes into a file that
// it was given for that; from there it comes into the cluster file.

import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '@weirjs/common/node/config'
import type { ClusterProcess } from '../context.ts'
import { type Launch, startDetached, type StartedProcess } from '../local-processes.ts'

const FILE = 'health.address-file'

/** Arguments of the process at `place` (the JobManager's is 0), called `name`, whose file lies in `directory`. */
export function healthArgs(
  config: Config,
  directory: string,
): (place: number, name: string) => readonly string[] {
  return (place, name) => {
    const port = healthPortOf(config, place)
    if (port === null) return []
    const file = `${FILE}=${join(directory, name)}`
    const where = isOurs(config) ? ANY_OF_LOOPBACK : [`health.port=${port}`]
    return [...where, file].flatMap((one) => ['-D', one])
  }
}

const ANY_OF_LOOPBACK: readonly string[] = ['health.port=0', 'health.bind-host=127.0.0.1']

const isOurs = ({ origins }: Config): boolean => origins['health.port'] === 'default'

/**
 * They share this machine: the JobManager has the port that was said, and each TaskManager the next one. 0: any free one; null:
 * none is wanted.
 */
export function healthPortOf(config: Config, place: number): number | null {
  if (isOurs(config)) return 0
  const said = config.values['health.port']
  return said === null || said === 0 ? said : said + place
}

/** What an earlier life of the process wrote down says nothing of this one. */
export async function startProbed(launch: Launch, directory: string): Promise<StartedProcess> {
  const file = fileOf(launch.args)
  if (file !== null) rmSync(file, { force: true })
  return startDetached(launch, directory)
}

/** It answers probes, and has not said where. */
export function isAwaited({ args }: ClusterProcess): boolean {
  const file = fileOf(args)
  return file !== null && !existsSync(file)
}

export function withHealth(one: ClusterProcess): ClusterProcess {
  const file = fileOf(one.args)
  if (file === null || !existsSync(file)) return one
  return { ...one, health: readFileSync(file, 'utf8').trim() }
}

function fileOf(args: readonly string[]): string | null {
  const define = args.findLast((one) => one.startsWith(`${FILE}=`))
  return define?.slice(FILE.length + 1) ?? null
}
