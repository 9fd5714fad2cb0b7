// A directory of control groups (version 2) for a test, as an operator would give it. Null where this user may not make one,
// which is said loudly: what needs it has not been tested then.

import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readText } from '@weirjs/common/node/control-group'
import { systemScheduler } from '@weirjs/common/node/system-scheduler'
import { removeGroup } from './job-group.ts'

export interface DelegatedGroup {
  /** Of the hierarchy. */
  readonly root: string
  readonly directory: string
  /** The kernel limits memory and processes of groups in it. */
  readonly hasLimits: boolean
  /** Ends what is left in it. */
  remove(): Promise<void>
}

export function delegatedGroup(): DelegatedGroup | null {
  try {
    const root = rootOfHierarchy()
    const directory = join(root, `weir-test-${randomUUID()}`)
    mkdirSync(directory)
    const controllers = readText(join(directory, 'cgroup.controllers'))?.trim().split(' ') ?? []
    const hasLimits = controllers.includes('memory') && controllers.includes('pids')
    if (!hasLimits) notTested('limits of control groups', 'it has no controllers for them')
    return {
      root,
      directory,
      hasLimits,
      remove: async () => {
        const problem = await removeGroup(directory, systemScheduler())
        if (problem !== null) throw new Error(`${directory} is left: ${problem}`)
      },
    }
  } catch (error) {
    notTested('control groups of job processes', `none can be made: ${String(error)}`)
    return null
  }
}

function rootOfHierarchy(): string {
  const [, path] = /^\S+ (\S+) cgroup2 /m.exec(readFileSync('/proc/self/mounts', 'utf8')) ?? []
  if (path === undefined) throw new Error('there is no hierarchy of version 2')
  return path
}

function notTested(what: string, why: string): void {
  console.warn(`NOT TESTED: ${what}, because ${why}`)
}
