import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DataDirectory } from './data-directory.ts'

let root = ''
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'weir-data-'))
})
afterEach(() => rm(root, { recursive: true }))

/** Another process, alive until `end` is called. */
function sleeper(): { pid: number; end: () => Promise<void> } {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  const end = async (): Promise<void> => {
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  return { pid: child.pid ?? 0, end }
}

async function startTicks(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '-'
}

describe('a data directory', () => {
  it('is laid out with a version, for its owner only, and opened again', async () => {
    const path = join(root, 'deep/data')
    const directory = await DataDirectory.open(path)
    await DataDirectory.open(path)
    expect((await readdir(path)).sort()).toEqual(['VERSION', 'jobmanager', 'taskmanagers'])
    expect((await stat(path)).mode & 0o077).toBe(0)
    expect(directory.taskManager('w1')).toBe(join(path, 'taskmanagers/w1'))
  })

  it('whose version a power cut has emptied has one again when it is opened', async () => {
    await writeFile(join(root, 'VERSION'), '')
    expect(await DataDirectory.check(root)).toBe(false)
    // All processes of the machine start at once.
    await Promise.all(Array.from({ length: 5 }, () => DataDirectory.open(root)))
    expect(await readFile(join(root, 'VERSION'), 'utf8')).toBe('weir data directory 1\n')
    expect((await readdir(root)).sort()).toEqual(['VERSION', 'jobmanager', 'taskmanagers'])
    expect(await DataDirectory.check(root)).toBe(true)
  })

  it('is refused when another release laid it out, or when it is a file', async () => {
    await writeFile(join(root, 'VERSION'), 'weir data directory 9\n')
    await expect(DataDirectory.open(root)).rejects.toThrow('weir data directory 9')
    await expect(DataDirectory.open(join(root, 'VERSION'))).rejects.toMatchObject({
      code: 'config/data-directory',
    })
  })
})

describe('the lock of a data directory', () => {
  const pidFile = (): string => join(root, 'jobmanager/pid')

  it('is taken, released, and taken again', async () => {
    const directory = await DataDirectory.open(root)
    const lock = await directory.lockJobManager()
    expect(await readFile(lock.path, 'utf8')).toContain(`${process.pid} `)
    await lock.release()
    await lock.release()
    expect(await readdir(directory.jobManager)).toEqual([])
    await (await directory.lockJobManager()).release()
  })

  it('refuses while another process lives that holds it, naming its pid', async () => {
    const directory = await DataDirectory.open(root)
    const other = sleeper()
    try {
      await writeFile(pidFile(), `${other.pid} ${await startTicks(other.pid)} ${hostname()}\n`)
      await expect(directory.lockJobManager()).rejects.toThrow(`pid ${other.pid}`)
      expect(await readdir(directory.jobManager)).toEqual(['pid'])
    } finally {
      await other.end()
    }
    await directory.lockJobManager()
  })

  it.each([
    ['a process that is gone', (): string => `4194303 - ${hostname()}\n`],
    [
      'an earlier process with our own pid, as in a container',
      (): string => `${process.pid} 1 ${hostname()}\n`,
    ],
    ['a later process with the same pid', (): string => `${process.ppid} 1 ${hostname()}\n`],
    ['another machine', (): string => '1 1 elsewhere\n'],
    ['a crash in the middle of writing', (): string => ''],
  ])('takes over from %s', async (_name, content) => {
    const directory = await DataDirectory.open(root)
    await writeFile(pidFile(), content())
    await directory.lockJobManager()
    expect(await readFile(pidFile(), 'utf8')).toContain(`${process.pid} `)
    expect(await readdir(directory.jobManager)).toEqual(['pid'])
  })

  it('does not delete the pid file of a successor', async () => {
    const directory = await DataDirectory.open(root)
    const lock = await directory.lockJobManager()
    await writeFile(pidFile(), 'somebody else')
    await lock.release()
    expect(await readFile(pidFile(), 'utf8')).toBe('somebody else')
  })

  it('does not need a directory that is there', async () => {
    await mkdir(join(root, 'jobmanager'))
    await (await DataDirectory.open(root)).lockJobManager()
  })
})
