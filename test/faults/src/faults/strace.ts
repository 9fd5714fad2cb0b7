// System calls that fail, lie or kill, injected by strace into a process at work, from its k-th call of a kind on. strace
// counts the calls of each thread by itself, so the process has one thread for its files (STRACED_ENV), and that one alone
// is traced: k is the k-th call of the process. `write` is not to be had: that thread also writes to an eventfd, by which libuv
// hears that work is done, and which must not fail. What strace has noted proves that the fault hit.

import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { threadsOf } from '../../../processes/src/proc.ts'
import { cameTrue, until } from '../../../processes/src/until.ts'
import { BadCell, type Words } from '../cell.ts'
import { busyJobProcess, type FaultKind, type Scene } from '../scene.ts'

const ATTACHED_MS_MAX = 10_000
const DETACHED_MS_MAX = 5_000
const GONE = { withinMs: 30_000 }
/** It stays until it has hit: a process that is traced on a busy machine makes few calls. */
const HIT_MS_MAX = 20_000

/** For all processes of a cluster in which somebody is to be traced; job processes must be let see it. */
const STRACED_ENV: Readonly<Record<string, string>> = { UV_THREADPOOL_SIZE: '1' }
/** Node does its work with files in threads of this name. */
const FILE_THREAD = 'libuv-worker'

/** Names under which glibc and the kernel know the same deed. */
const CALLS: Readonly<Record<string, string>> = {
  fsync: 'fsync,fdatasync',
  link: 'link,linkat',
  open: 'openat',
  rename: 'rename,renameat,renameat2',
}

/** `strace job-process | jobmanager fsync error=ENOSPC when=1..2` (anything that strace's `inject` understands) */
export const STRACE: FaultKind = {
  needs: ['root', 'strace'],
  explains: [
    'storage/full',
    'storage/io',
    'files/full',
    'files/io',
    'files/too-many-open',
    'checkpoint/declined',
    'log/unavailable',
  ],
  env: STRACED_ENV,
  strike: async (scene, words) => {
    const [, whom = '', call = '', ...injection] = words.slice(0, untilFor(words))
    const calls = CALLS[call]
    if (calls === undefined) throw new BadCell(`no system call "${call}"`)
    const victim = await victimOf(scene, whom)
    const kills = injection.includes('signal=KILL')
    const log = scene.cluster.path(`strace-${victim.pid}.txt`)
    const inject = `inject=${calls}:${injection.join(':')}`
    const thread = `${await fileThreadOf(victim.pid)}`
    const tracing = ['-y', '-o', log, '-p', thread, '-e', `trace=${calls}`]
    const tracer = spawn('strace', [...tracing, '-e', inject])
    if (kills && whom === 'jobmanager') scene.cluster.jobManager.expectEnd()
    await attached(tracer)
    return {
      heal: async () => {
        if (!hasEnded(tracer)) await hit(tracer, log, kills)
        await detach(tracer)
        // strace is done when its thread is; the process ends a moment later, and is started again only then.
        const { jobManager } = scene.cluster
        if (kills && whom === 'jobmanager' && proofIn(log, kills) !== null)
          await until('the JobManager is gone', GONE, () => (jobManager.pid === null ? true : null))
        scene.cluster.startAll()
      },
      proof: async () => proofIn(log, kills),
    }
  },
}

/** A fault that kills has hit when nobody is left to trace. In vain: then the judges miss the proof. */
async function hit(tracer: ChildProcess, log: string, kills: boolean): Promise<void> {
  await cameTrue({ withinMs: HIT_MS_MAX }, () =>
    kills ? hasEnded(tracer) : proofIn(log, kills) !== null,
  )
}

/** By itself, or by the signal that ended its victim, which it then dies of, too. */
const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean =>
  exitCode !== null || signalCode !== null

function untilFor(words: Words): number {
  const at = words.indexOf('for')
  return at < 0 ? words.length : at
}

async function victimOf(scene: Scene, whom: string): Promise<{ readonly pid: number }> {
  if (whom === 'jobmanager') return { pid: scene.cluster.jobManager.pid ?? 0 }
  if (whom !== 'job-process') throw new BadCell(`nobody is "${whom}"`)
  return busyJobProcess(scene)
}

/** It begins with the first file that the process touches. */
function fileThreadOf(pid: number): Promise<number> {
  return until(`process ${pid} has its thread for files`, { withinMs: ATTACHED_MS_MAX }, () => {
    const threads = threadsOf(pid).filter(({ name }) => name === FILE_THREAD)
    if (threads.length > 1) throw new Error(`process ${pid} has ${threads.length} of them`)
    return threads[0]?.id ?? null
  })
}

/** strace says on stderr that it has the thread. */
function attached(tracer: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    const late = setTimeout(() => reject(new Error(`strace: ${said}`)), ATTACHED_MS_MAX)
    tracer.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (!/Process \d+ attached/.test(said)) return
      clearTimeout(late)
      resolve()
    })
    tracer.once('error', reject)
    tracer.once('exit', (code) => {
      clearTimeout(late)
      reject(new Error(`strace ended with ${code}: ${said}`))
    })
  })
}

async function detach(tracer: ChildProcess): Promise<void> {
  if (hasEnded(tracer)) return
  const gone = new Promise<void>((resolve) => tracer.once('exit', () => resolve()))
  tracer.kill('SIGINT')
  const late = setTimeout(() => tracer.kill('SIGKILL'), DETACHED_MS_MAX)
  await gone
  clearTimeout(late)
}

/** `fsync(23</tmp/…/x.state>) = -1 ENOSPC (No space left on device) (INJECTED)` */
function proofIn(log: string, kills: boolean): string | null {
  const lines = readFileSync(log, 'utf8').split('\n')
  const hits = lines.filter(
    (line) => line.includes('(INJECTED)') || (kills && line.includes('+++ killed by')),
  )
  const [first] = hits
  if (first === undefined) return null
  const what = first.replace(/^\d+\s+/, '').replace(/<[^>]*\/([^/>]+)>/, '<$1>')
  return `${hits.length} × ${what.slice(0, 100)}`
}
