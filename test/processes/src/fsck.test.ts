import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { danglingReferences } from './fsck.ts'

const JOB = 'job'
let root: string
let entries = 0

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'weir-fsck-'))
  entries = 0
})

afterEach(() => rmSync(root, { recursive: true, force: true }))

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')
const pathOf = (...names: readonly string[]): string => join(root, ...names)

function put(path: string, text: string): void {
  mkdirSync(dirname(pathOf(path)), { recursive: true })
  writeFileSync(pathOf(path), text)
}

function log(body: object): void {
  entries += 1
  const name = String(entries).padStart(10, '0')
  put(`${JOB}/log/${name}`, `weir job-log v1 0 0\n${JSON.stringify({ index: entries, body })}`)
}

/** Writes state and manifest of a checkpoint; answers what the log says of it. */
function checkpoint(id: number, state: string): object {
  const path = `chk-${id}/task.state`
  put(`${JOB}/${path}`, state)
  const file = { path, bytes: state.length, sha256: hashOf(state) }
  const manifest = `weir manifest v1 0 0\n${JSON.stringify({ tasks: [{ file }] })}`
  const manifestPath = `${JOB}/chk-${id}/manifest`
  put(manifestPath, manifest)
  return { checkpointId: id, manifestPath, manifestSha256: hashOf(manifest) }
}

const complete = (id: number): void =>
  log({ type: 'completed', checkpoint: checkpoint(id, `state of ${id}`) })

describe('danglingReferences', () => {
  it('is silent about an empty storage, and one that has all that it retains', () => {
    expect(danglingReferences(pathOf('nowhere'))).toEqual([])
    complete(1)
    complete(2)
    expect(danglingReferences(root)).toEqual([])
  })

  it('asks nothing of checkpoints that were discarded, or never completed', () => {
    complete(1)
    complete(2)
    log({ type: 'discarded', ids: [1] })
    rmSync(pathOf(JOB, 'chk-1', 'task.state'))
    checkpoint(3, 'never in the log')
    rmSync(pathOf(JOB, 'chk-3', 'task.state'))
    expect(danglingReferences(root)).toEqual([])
  })

  it('names what is missing, of older checkpoints as well', () => {
    complete(1)
    complete(2)
    rmSync(pathOf(JOB, 'chk-1', 'task.state'))
    rmSync(pathOf(JOB, 'chk-2', 'manifest'))
    expect(danglingReferences(root)).toEqual([
      'checkpoint 1 of job job: chk-1/task.state is missing',
      'checkpoint 2 of job job: job/chk-2/manifest is missing',
    ])
  })

  it('knows what a log keeps that was folded', () => {
    const one = checkpoint(1, 'one')
    const two = checkpoint(2, 'two')
    log({ type: 'completed', checkpoint: one })
    log({ type: 'fold', history: { retained: [one, two] } })
    log({ type: 'discarded', ids: [1] })
    rmSync(pathOf(JOB, 'log', '0000000001'))
    rmSync(pathOf(JOB, 'chk-1'), { recursive: true })
    expect(danglingReferences(root)).toEqual([])
    rmSync(pathOf(JOB, 'chk-2', 'task.state'))
    expect(danglingReferences(root)).toEqual([
      'checkpoint 2 of job job: chk-2/task.state is missing',
    ])
  })

  it('names files with fewer bytes or other ones', () => {
    complete(1)
    complete(2)
    put(`${JOB}/chk-1/task.state`, 'state')
    put(`${JOB}/chk-2/task.state`, 'STATE of 2')
    expect(danglingReferences(root)).toEqual([
      'checkpoint 1 of job job: chk-1/task.state has 5 bytes, not 10',
      'checkpoint 2 of job job: chk-2/task.state has other bytes than its manifest says',
    ])
    put(`${JOB}/chk-2/manifest`, 'weir manifest v1 0 0\n{}')
    expect(danglingReferences(root)).toContain(
      'checkpoint 2 of job job: job/chk-2/manifest has other bytes than the log says',
    )
  })
})
