// Entry of a job process: the supervising main thread. Arguments: number of threads, entry of the slot threads, heap
// limit of a slot in bytes. It lives exactly as long as the TaskManager's end of its pipes.

import { residentBytes } from '@weirjs/common/node/process-meter'
import { systemScheduler } from '@weirjs/common/node/system-scheduler'
import { ProcessEnd } from './job-channel.ts'
import { JobSupervisor } from './job-supervisor.ts'
import { endFamily } from './process-family.ts'

/**
 * At once and without running anything else: its slots may be stuck, and their fences make whatever they did harmless. What
 * the job's code has started ends as well.
 */
function exit(): void {
  if (!endFamily(process.pid)) process.kill(process.pid, 'SIGKILL')
}

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
  send: (event, sent) => channel.send(event, sent),
  exit,
})
// When the TaskManager is gone, so is the reason to live.
const channel = new ProcessEnd({ take: (command) => supervisor.take(command), onEnd: exit })

// Keeps LevelDB's library mapped while slot threads come and go (D8).
await import('classic-level')
