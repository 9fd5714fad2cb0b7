// Checks of what processes keep in the data directory beside checkpoints: the JobManager's history index, the directories of
// TaskManagers, the logs of `weir cluster start`. A database is looked at from outside: to open it would change it, and take
// it from the JobManager that has it.

import { accessSync, constants, readdirSync, readFileSync, type Stats, statSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { codeOf } from '@weirjs/common/node/fs-errors'
import { isOfDead } from '@weirjs/common/node/work-directories'
import { counted, formatBytes } from '../output/units.ts'
import { broken, type Check, type Finding, ok, type Patient, warning } from './check.ts'

// ---- history index ----

const HISTORY = 'history'
/** Files without which LevelDB has nothing: its tables, its log of writes, the list of both. */
const DATABASE_FILE = /^(?:\d+\.(?:ldb|sst|log)|MANIFEST-\d+)$/
const CURRENT_BYTES_MAX = 64
const BEGUN_ANEW =
  'the next JobManager begins it anew, without what ended jobs have printed; put it back from a copy before, if you need that'

/** No restore needs it; but what ended jobs printed is nowhere else once TaskManagers have set their files aside. */
export const checkHistory: Check = ({ dataDirectory }) => {
  const directory = join(dataDirectory, 'jobmanager', 'history')
  const found = statOf(directory)
  if (found === null) return []
  if (!found.isDirectory()) return [warning(HISTORY, `${directory} is no directory`, BEGUN_ANEW)]
  const why = cannotUse(directory)
  if (why !== null) {
    const hint = 'give it to the user that runs the JobManager, which does not start without it'
    return [broken(HISTORY, `${directory} cannot be read and written: ${why}`, hint)]
  }
  const findings = [
    databaseFinding(directory),
    ownerFinding(directory, found, dataDirectory),
    exposureFinding(directory, found, dataDirectory),
  ].filter((one) => one !== null)
  if (findings.length > 0) return findings
  const names = namesIn(directory)
  const bytes = names.reduce((sum, name) => sum + (statOf(join(directory, name))?.size ?? 0), 0)
  return [ok(HISTORY, `${counted(names.length, 'file')}, ${formatBytes(bytes)}`)]
}

/** CURRENT names the MANIFEST that names all the rest. */
function databaseFinding(directory: string): Finding | null {
  const current = currentIn(directory)
  const wrong = wrongWith(directory, current)
  // A JobManager that starts just now has written another one.
  if (wrong === null || currentIn(directory) !== current) return null
  return warning(HISTORY, wrong, BEGUN_ANEW)
}

function wrongWith(directory: string, current: string | null): string | null {
  const names = namesIn(directory)
  const unreadable = names.map((name) => join(directory, name)).find((path) => !isReadable(path))
  if (unreadable !== undefined) return `${unreadable} cannot be read and written`
  const path = join(directory, 'CURRENT')
  if (current === 'damaged') return `${path} is damaged`
  if (current === null) {
    const isEmpty = !names.some((name) => DATABASE_FILE.test(name))
    return isEmpty ? null : `${path} is gone, which names the newest state`
  }
  const manifest = statOf(join(directory, current))
  if (manifest === null) return `${path} names ${current}, which is not there`
  return manifest.size > 0 ? null : `${path} names ${current}, which is empty`
}

/** The name that it has; null: there is none. */
function currentIn(directory: string): string | null {
  const path = join(directory, 'CURRENT')
  const found = statOf(path)
  if (found === null) return null
  if (!found.isFile() || found.size > CURRENT_BYTES_MAX || !isReadable(path)) return 'damaged'
  return /^(MANIFEST-\d+)\n$/.exec(readFileSync(path, 'utf8'))?.[1] ?? 'damaged'
}

/** A command that was run once as another user leaves such files. */
function ownerFinding(directory: string, found: Stats, dataDirectory: string): Finding | null {
  const above = join(dataDirectory, 'jobmanager')
  const owner = statOf(above)?.uid
  const all = [directory, ...namesIn(directory).map((name) => join(directory, name))]
  const other = all.find((path) => (statOf(path)?.uid ?? owner) !== owner)
  if (other === undefined) return null
  const uid = statOf(other)?.uid ?? found.uid
  const message = `${other} belongs to user ${uid}, and ${above} to user ${owner}`
  const hint = `run the JobManager as one user; to give it all to user ${owner}: chown -R ${owner} ${directory}`
  return warning(HISTORY, message, hint)
}

/** LevelDB makes its files as the umask says: what keeps others out is a directory above them. */
function exposureFinding(directory: string, found: Stats, dataDirectory: string): Finding | null {
  const above = join(dataDirectory, 'jobmanager')
  const ways = [statOf(dataDirectory), statOf(above)]
  const isOpen = ways.every((one) => ((one?.mode ?? 0) & constants.S_IXOTH) !== 0)
  if (!isOpen || (found.mode & constants.S_IROTH) === 0) return null
  const message = `${directory} may be read by others, and has what jobs printed`
  return warning(HISTORY, message, `chmod 700 ${above}`)
}

// ---- directories of TaskManagers ----

const WORK = 'work directories'

export const checkWorkDirectories: Check = (patient) => {
  const directory = join(patient.dataDirectory, 'taskmanagers')
  const wrong = unusableFinding(WORK, directory, 'TaskManagers do not start without it')
  if (wrong !== undefined) return wrong
  const here = { host: hostname(), pid: process.pid }
  const names = namesIn(directory)
  const left = names.filter((name) => isOfDead(name, here))
  if (left.length === 0)
    return [ok(WORK, `${counted(names.length, 'TaskManager')} in ${directory}`)]
  const bytes = left.reduce((sum, name) => sum + bytesBelow(join(directory, name)), 0)
  const whose = counted(left.length, 'TaskManager')
  const message = `${directory} has ${formatBytes(bytes)} of ${whose} that ${left.length === 1 ? 'is' : 'are'} gone: ${shortened(left)}`
  const hint = 'the next TaskManager that starts here removes it; nothing has to be done'
  return [warning(WORK, message, hint)]
}

const NAMES_SHOWN_MAX = 5

const shortened = (names: readonly string[]): string =>
  names.length <= NAMES_SHOWN_MAX
    ? names.join(', ')
    : `${names.slice(0, NAMES_SHOWN_MAX).join(', ')} and ${names.length - NAMES_SHOWN_MAX} more`

// ---- logs ----

const LOGS = 'logs'
/** More is worth a word: what runs for months writes without end. */
const LOGS_BYTES_WARNING = 1_024 ** 3

export const checkLogs: Check = ({ dataDirectory }: Patient) => {
  const directory = join(dataDirectory, 'logs')
  const wrong = unusableFinding(LOGS, directory, '`weir cluster start` does not start without it')
  if (wrong !== undefined) return wrong
  const bytes = bytesBelow(directory)
  const message = `${counted(namesIn(directory).length, 'file')}, ${formatBytes(bytes)}`
  if (bytes <= LOGS_BYTES_WARNING) return [ok(LOGS, message)]
  const hint =
    'nothing cuts the file of a process that runs: let logrotate do it (copytruncate), and delete the old ones (.1 and so on)'
  return [warning(LOGS, `${directory} has ${message}`, hint)]
}

// ---- all of them ----

/** Undefined: it is there and can be used. Nothing to be said: it is not there. */
function unusableFinding(
  check: string,
  directory: string,
  without: string,
): readonly Finding[] | undefined {
  const found = statOf(directory)
  if (found === null) return []
  const why = found.isDirectory() ? cannotUse(directory) : 'it is no directory'
  if (why === null) return undefined
  const hint = `give it to the user that runs Weir, or move away what is there: ${without}`
  return [broken(check, `${directory} cannot be used: ${why}`, hint)]
}

/** Null: it can be. */
function cannotUse(directory: string): string | null {
  try {
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK)
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** What has gone meanwhile hinders nobody. */
function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK)
    return true
  } catch {
    return statOf(path) === null
  }
}

/** Null: nothing is there, or not any more. */
const statOf = (path: string): Stats | null => statSync(path, { throwIfNoEntry: false }) ?? null

/** None where the directory has gone: a JobManager that begins its index anew takes it away. */
function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}

/** Of files; processes that run may take some away meanwhile. */
function bytesBelow(directory: string): number {
  try {
    return readdirSync(directory, { recursive: true, encoding: 'utf8' }).reduce((sum, name) => {
      const found = statOf(join(directory, name))
      return sum + (found?.isFile() === true ? found.size : 0)
    }, 0)
  } catch {
    return 0 // it has gone, or is somebody else's
  }
}
