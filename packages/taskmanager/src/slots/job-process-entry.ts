// Entry of a job process: the supervising main thread. Arguments: number of threads, entry of the slot threads, heap
// limit of a slot in bytes. It lives exactly as long as the TaskManager's channel.

import { residentBytes } from '@weirjs/common/node/process-meter'
import { systemScheduler } from '@weirjs/common/node/system-scheduler'
import { JobSupervisor } from './job-supervisor.ts'
import { endFamily } from './process-family.ts'
import type { HostCommand } from './protocol.ts'

/**
 * At once and without running anything else: its slots may be stuck, and their fences make whatever they did harmless. What
 * the job's code has started ends as well.
 */
function exit(): void {
  if (!endFamily(process.pid)) process.kill(process.pid, 'SIGKILL')
}

process.on('disconnect', exit)
// Whoever asks every process of a machine to end has asked the TaskManager, too; it decides.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})

const [threads, threadEntry, heapBytesMax] = process.argv.slice(2)
const supervisor = new JobSupervisor({
  threads: Number(threads),
  threadEntry: new URL(String(threadEntry)),
  heapBytesMax: Number(heapBytesMax),
  scheduler: systemScheduler(),
  rssBytes: residentBytes,
  send: (event, sent) => {
    process.send?.(event, undefined, undefined, (error) => {
      // The channel is gone, and with it the reason to live.
      if (error === null) sent()
      else exit()
    })
  },
  exit,
})
process.on('message', (command: HostCommand) => supervisor.take(command))

// Keeps LevelDB's library mapped while slot threads come and go (D8).
await import('classic-level')
