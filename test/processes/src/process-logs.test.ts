import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { judgeLogs } from './process-logs.ts'

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'weir-logs-'))
})

afterEach(() => rmSync(directory, { recursive: true, force: true }))

interface Entry {
  readonly level: string
  readonly msg: string
  readonly code?: string
  readonly jobId?: string
}

const info = (msg: string): Entry => ({ level: 'info', msg })
const completed = (id: number): Entry => ({
  ...info(`Checkpoint completed with ID ${id} and timestamp 1`),
  jobId: 'j',
})

function log(name: string, ...entries: readonly Entry[]): void {
  const lines = entries.map((entry) => `${JSON.stringify(entry)}\n`)
  writeFileSync(join(directory, `${name}.log`), lines.join(''))
}

const said = (...explained: readonly string[]): readonly string[] =>
  judgeLogs(directory, explained).map(({ message }) => message)

describe('judgeLogs', () => {
  it('is silent about what kills explain, and about ids that rise', () => {
    log('jobmanager', completed(1), { level: 'warn', msg: 'x', code: 'worker/lost' }, completed(2))
    log('taskmanager-1', info('hello'))
    expect(said()).toEqual([])
  })

  it('complains of errors, of codes that nothing explains, and of lines that are no entries', () => {
    log('taskmanager-1', { level: 'error', msg: 'broke' })
    log('taskmanager-2', { level: 'warn', msg: 'x', code: 'fence/stale' })
    writeFileSync(join(directory, 'taskmanager-3.log'), 'Segmentation fault\n')
    expect(said()).toHaveLength(3)
    expect(said('broke', 'fence/stale')).toEqual(['taskmanager-3 says: Segmentation fault'])
  })

  it('lets entries be excused, one by one', () => {
    log('taskmanager-1', { level: 'warn', msg: 'x', code: 'a/b' }, { level: 'error', msg: 'y' })
    const [one, ...others] = judgeLogs(directory, [], ({ code }) => code === 'a/b')
    expect(one?.message).toContain('"msg":"y"')
    expect(others).toEqual([])
  })

  it('complains of a checkpoint that was completed after a later one', () => {
    log('jobmanager', completed(2), completed(1))
    expect(said()).toEqual(['checkpoint 1 was completed after 2'])
  })

  it('lets a rival go on with later checkpoints, not with the same', () => {
    log('jobmanager', completed(1), completed(2))
    log('jobmanager-2', completed(12))
    expect(said()).toEqual([])
    log('jobmanager-2', completed(2), completed(12))
    expect(said()).toEqual(['two JobManagers have completed checkpoint 2 of job j'])
  })
})
