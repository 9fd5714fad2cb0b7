// Code of a job that misbehaves once: when a file appears, whoever can take it away does what the file says. The next
// attempt finds no file, and goes on.

import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'

/** Takes for ever on a long text that does not end as it must: each letter doubles the ways to try. */
const CATASTROPHIC = /^(?:a+)+$/
const LETTERS = 40
const BUFFER_BYTES = 4 * 1_048_576

/** There is the whole file at once, or none: the job looks for it all the time. */
export function setTrap(path: string, how: string): void {
  const begun = `${path}-begun`
  writeFileSync(begun, how)
  renameSync(begun, path)
}

export function springTrap(path: string): void {
  if (!existsSync(path)) return
  const ours = `${path}-${randomUUID()}`
  try {
    renameSync(path, ours)
  } catch {
    return // another subtask was quicker
  }
  misbehave(readFileSync(ours, 'utf8'))
}

function misbehave(how: string): void {
  switch (how) {
    case 'loop':
      for (;;) Math.sqrt(2)
    case 'regex':
      CATASTROPHIC.test(`${'a'.repeat(LETTERS)}!`)
      return
    case 'buffers': {
      // In turns: a slot that stood still would be ended for that.
      const hoard: Buffer[] = []
      const more = (): void => {
        hoard.push(Buffer.alloc(BUFFER_BYTES, 1))
        setImmediate(more)
      }
      return more()
    }
    case 'exit':
      return process.exit(7)
    case 'signal':
      return void process.kill(process.pid, 'SIGSEGV')
    case 'recursion':
      return void deeper(0)
    case 'rejection':
      void Promise.reject(new Error('nobody catches this'))
      return
    case 'throw':
      throw new Error('thrown by a step')
    case 'throw-later':
      setTimeout(() => {
        throw new Error('thrown later')
      }, 1)
      return
    default:
      throw new Error(`a trap does not know "${how}"`)
  }
}

/** Without an end: what it adds behind the call keeps every frame. */
function deeper(depth: number): number {
  return deeper(depth + 1) + 1
}
