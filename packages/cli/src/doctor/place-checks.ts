// Checks of what lies on disk: the data directory, its token, locks that dead processes left, the checkpoint storage.

import {
  accessSync,
  constants,
  existsSync,
  linkSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { checkStorage } from '@weirjs/common/node/checkpoint-check'
import { DataDirectory, livingOwner } from '@weirjs/common/node/data-directory'
import { codeOf } from '@weirjs/common/node/fs-errors'
import { clusterDirectory, findClusterFile } from '../context.ts'
import { counted, formatBytes, formatCount } from '../output/units.ts'
import { lifeOf } from '../process-life.ts'
import { broken, type Check, type Finding, ok, type Patient, warning } from './check.ts'
import { existingAbove } from './system-checks.ts'

const DAMAGES_SHOWN_MAX = 10

export const checkDataDirectory: Check = async ({ dataDirectory }) => {
  if (!existsSync(dataDirectory)) return [notThereYet(dataDirectory)]
  const cannot = cannotWrite(dataDirectory)
  if (cannot !== null) {
    const hint = 'give it to the user that runs Weir, or choose another with data.dir'
    return [broken('data directory', unusable(dataDirectory, cannot), hint)]
  }
  if (await DataDirectory.check(dataDirectory)) return [ok('data directory', dataDirectory)]
  const hint = 'a power cut may have emptied it; the next process that starts here writes it'
  return [warning('data directory', `${join(dataDirectory, 'VERSION')} is empty`, hint)]
}

function notThereYet(directory: string): Finding {
  const cannot = cannotMake(directory)
  if (cannot === null) return ok('data directory', `${directory} is not there yet and can be made`)
  return broken('data directory', cannot, 'choose another with data.dir, or --data-dir')
}

/** What is made below the data directory has been looked at with it. */
function checkpointsNotThere(directory: string, dataDirectory: string): Finding {
  const cannot = directory.startsWith(join(dataDirectory, '/')) ? null : cannotMake(directory)
  if (cannot === null) return ok('checkpoints', 'there are none yet')
  return broken('checkpoints', cannot, NO_STORAGE_HINT)
}

const NO_STORAGE_HINT =
  'checkpoints need it: mount it writable, give it to the user that runs Weir, or choose another with execution.checkpointing.dir'

const unusable = (directory: string, why: string): string => `${directory} cannot be used: ${why}`

function cannotMake(directory: string): string | null {
  const above = existingAbove(directory)
  try {
    accessSync(above, constants.W_OK | constants.X_OK)
  } catch {
    return `${directory} cannot be made: ${above} is not writable`
  }
  try {
    statSync(directory)
    return null
  } catch (error) {
    // A name that is too long, or lies below a file, is not there, either.
    if (codeOf(error) === 'ENOENT') return null
    return `${directory} cannot be made: ${error instanceof Error ? error.message : String(error)}`
  }
}

/** What the storage needs of a file system: new files, and names for them that are taken once. Null: all is well. */
function cannotWrite(directory: string): string | null {
  const probe = join(directory, `.doctor-${process.pid}`)
  try {
    writeFileSync(probe, 'probe', { flag: 'wx', mode: 0o600 })
    linkSync(probe, `${probe}.link`)
    return readFileSync(`${probe}.link`, 'utf8') === 'probe'
      ? null
      : 'a file reads otherwise than written'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    rmSync(probe, { force: true })
    rmSync(`${probe}.link`, { force: true })
  }
}

export const checkToken: Check = async ({ config, dataDirectory }) => {
  const said = config.values['security.token-file']
  const path = said ?? join(dataDirectory, 'token')
  if (said === null && !existsSync(path))
    return [ok('token', 'there is none yet; the first JobManager makes it')]
  const { readToken } = await import('@weirjs/common/rpc/token')
  readToken(path)
  return [ok('token', path)]
}

/** What says that something runs, and is wrong. Neither hinders anything: both are put right by the next start. */
export const checkLeftovers: Check = async (patient) => [
  ...(await staleLock(patient)),
  ...deadProcesses(patient),
]

async function staleLock({ dataDirectory }: Patient): Promise<readonly Finding[]> {
  const path = join(dataDirectory, 'jobmanager', 'pid')
  if (!existsSync(path)) return []
  const content = readFileSync(path, 'utf8')
  const [pid = '?', , host = ''] = content.trim().split(' ')
  if (host !== '' && host !== hostname())
    return [warning('lock', `${path} is of pid ${pid} on ${host}`, 'that JobManager may still run')]
  if ((await livingOwner(content)) !== null)
    return [ok('lock', `held by the JobManager, pid ${pid}`)]
  const hint = 'the next JobManager takes it over; nothing has to be done'
  return [warning('lock', `${path} was left by pid ${pid}, which is gone`, hint)]
}

function deadProcesses({ cli }: Patient): readonly Finding[] {
  const found = findClusterFile(cli)
  if (found === null) return []
  const dead = found.file.processes.filter((one) => lifeOf(one) === 'gone')
  const count = found.file.processes.length
  if (dead.length === 0) return [ok('processes', `all ${count} of ${found.path} run`)]
  const names = dead.map(({ role, pid }) => `${role} ${pid}`).join(', ')
  return [
    warning(
      'processes',
      `${names} of ${found.path} ${dead.length === 1 ? 'is' : 'are'} gone`,
      `\`weir cluster start\` in ${clusterDirectory(found.path)} starts what is missing` +
        (dead.length === count ? ', `weir cluster stop` forgets it' : ''),
    ),
  ]
}

/** What jobs have printed. Nothing is lost when it cannot be kept, but nobody would notice. */
export const checkOutput: Check = ({ config, dataDirectory }) => {
  const directory = join(dataDirectory, 'output')
  if (config.values['taskmanager.output.total-size'] === null || !existsSync(directory)) return []
  if (!isWritableDirectory(directory)) {
    const hint =
      'give it to the user that runs TaskManagers; jobs go on, but what they print is not kept'
    return [warning('output', `${directory} is no directory that can be written`, hint)]
  }
  const sizes = readdirSync(directory).map(
    (name) => statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0,
  )
  const bytes = sizes.reduce((sum, size) => sum + size, 0)
  return [ok('output', `${counted(sizes.length, 'file')}, ${formatBytes(bytes)}`)]
}

function isWritableDirectory(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK)
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}

export const checkCheckpoints: Check = async ({ checkpointDirectory, dataDirectory, deep }) => {
  if (!existsSync(checkpointDirectory))
    return [checkpointsNotThere(checkpointDirectory, dataDirectory)]
  const cannot = cannotWrite(checkpointDirectory)
  if (cannot !== null)
    return [broken('checkpoints', unusable(checkpointDirectory, cannot), NO_STORAGE_HINT)]
  const report = await checkStorage(checkpointDirectory, deep)
  const { jobs, checkpoints, files, bytes, unreadBytes, damages } = report
  const read = unreadBytes === 0 ? '' : `; ${formatBytes(unreadBytes)} not read without --deep`
  const counts = `${formatCount(checkpoints)} of ${counted(jobs, 'job')}`
  const summary = `${counts}: ${counted(files, 'file')}, ${formatBytes(bytes)}${read}`
  if (damages.length === 0) return [ok('checkpoints', summary)]
  const hint = 'go on from another checkpoint with -s PATH; a damaged one is never used silently'
  const shown = damages.slice(0, DAMAGES_SHOWN_MAX)
  return shown.map(({ path, what }) =>
    broken('checkpoints', what.includes(path) ? what : `${path}: ${what}`, hint),
  )
}
