import { createHash } from 'node:crypto'
import type { DeployRequest } from '@weirjs/common/core/gateways'
import { describe, expect, it } from 'vitest'
import { LogAuditor } from './src/oracles/o3-job-log.ts'
import { RestoreAuditor } from './src/oracles/o3-restores.ts'
import { VisibilityAuditor } from './src/oracles/o3-visible.ts'
import { World } from './src/world.ts'

const JOB = 'a'.repeat(32)
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** A log that is written as a leader would, on a disk that is a map. */
class Kit {
  readonly disk = new Map<string, Uint8Array>()
  readonly auditor = new LogAuditor(new World(1), this.disk)
  #index = 0
  epoch = 0

  write(body: { readonly type: string; readonly [field: string]: unknown }): this {
    if (body.type === 'submitted' || body.type === 'epoch') this.epoch += 1
    const previous = this.#index === 0 ? null : `u${this.#index}`
    this.#index += 1
    return this.#create({ index: this.#index, uuid: `u${this.#index}`, previous, body })
  }

  /** An entry comes to lie where one lay once. */
  writeAgain(index: number, uuid: string): this {
    return this.#create({ index, uuid, previous: null, body: { type: 'ids', upTo: 0 } })
  }

  fold(...retained: readonly number[]): this {
    const history = { retained: retained.map((checkpointId) => ({ checkpointId })) }
    return this.write({ type: 'fold', history })
  }

  #create(entry: { readonly index: number; readonly [field: string]: unknown }): this {
    const name = String(entry.index).padStart(10, '0')
    const text = JSON.stringify({ ...entry, epoch: this.epoch })
    this.auditor.created(`${JOB}/log/${name}`, bytesOf(`head\n${text}`))
    return this
  }

  submit(restore: object | null = null): this {
    const plan = { vertices: [{ parallelism: 1 }] }
    return this.write({ type: 'submitted', submission: { plan, restore } })
  }

  complete(checkpointId: number, state = 'state', kind = 'periodic'): this {
    const file = `chk-${checkpointId}/one.state`
    const bytes = bytesOf(state)
    this.disk.set(`${JOB}/${file}`, bytes)
    const handle = { path: file, bytes: bytes.length, sha256: sha256(bytes) }
    const manifest = bytesOf(`head\n${JSON.stringify({ tasks: [{ snapshot: { file: handle } }] })}`)
    const manifestPath = `${JOB}/chk-${checkpointId}/manifest`
    this.disk.set(manifestPath, manifest)
    const checkpoint = { checkpointId, kind, manifestPath, manifestSha256: sha256(manifest) }
    return this.write({ type: 'completed', checkpoint })
  }

  attempt(attempt: number, restoredFrom: number | null): this {
    return this.write({ type: 'attempt', attempt, restoredFrom })
  }

  get told(): string {
    return this.auditor.violations.map(({ message }) => message).join('\n')
  }
}

describe('the auditor of job logs (O3)', () => {
  it('is silent about a life with restarts, a new leader, and an end', () => {
    const kit = new Kit().submit().attempt(1, null).complete(1).attempt(2, 1).complete(2)
    kit.write({ type: 'discarded', ids: [1] }).write({ type: 'epoch', firstCheckpointId: 13 })
    kit.attempt(3, 2).write({ type: 'ids', upTo: 30 }).complete(31, 'state', 'final')
    kit.write({ type: 'terminal', state: 'FINISHED' })
    expect(kit.told).toBe('')
  })

  it('bears below a fold what lay there once, and nothing else', () => {
    const folded = (): Kit => new Kit().submit().complete(1).fold(1)
    expect(folded().writeAgain(2, 'u2').complete(2).told).toBe('')
    expect(folded().writeAgain(2, 'other').told).toContain('entry 2 "ids" of job aaaaaaaa leaves')
    expect(new Kit().submit().complete(1).writeAgain(2, 'u2').told).toContain('leaves a hole')
  })

  it('sees an attempt that begins from an older checkpoint, from none of this job, or comes again', () => {
    const older = new Kit().submit().complete(1).complete(2).attempt(1, 1)
    expect(older.told).toContain('attempt 1 began from 1, not from 2')
    expect(new Kit().submit().attempt(1, 9).told).toContain('began from 9, not from null')
    expect(new Kit().submit().attempt(2, null).attempt(2, null).told).toContain('2 after 2')
  })

  it('wants a job that is resumed to begin from a checkpoint that is there', () => {
    const restore = { manifestPath: `${'b'.repeat(32)}/chk-7/manifest`, checkpointId: 7 }
    expect(new Kit().submit(restore).told).toContain('is of no retained checkpoint')
  })

  it('sees ids that were not reserved, and epochs that might use one again', () => {
    expect(new Kit().submit().complete(11).told).toContain('nobody reserved id 11')
    const again = new Kit().submit().complete(1).write({ type: 'epoch', firstCheckpointId: 5 })
    expect(again.told).toContain('may have been used')
    const falling = new Kit().submit().write({ type: 'ids', upTo: 9 })
    expect(falling.write({ type: 'ids', upTo: 8 }).told).toContain('ids up to 8 after 9')
  })

  it('sees checkpoints out of order, without their files, and files that go too early', () => {
    expect(new Kit().submit().complete(2).complete(1).told).toContain('1 after 2')
    const kit = new Kit().submit().complete(1)
    kit.auditor.deleted(`${JOB}/chk-1/one.state`)
    expect(kit.told).toContain('was deleted, and its checkpoint is retained')
    const missing = new Kit().submit()
    const checkpoint = { checkpointId: 1, kind: 'periodic', manifestPath: 'no', manifestSha256: '' }
    missing.write({ type: 'completed', checkpoint })
    expect(missing.told).toContain('there is no manifest')
  })

  it('sees what a loss of power has taken that was durable', () => {
    const kit = new Kit().submit().complete(1).complete(2)
    kit.disk.set(`${JOB}/log/0000000003`, bytesOf('entry'))
    kit.write({ type: 'discarded', ids: [1] }).disk.set(`${JOB}/log/0000000004`, bytesOf('entry'))
    kit.disk.delete(`${JOB}/chk-1/one.state`)
    kit.auditor.powerFailed()
    expect(kit.told).toBe('')
    kit.disk.delete(`${JOB}/chk-2/one.state`)
    kit.auditor.powerFailed()
    expect(kit.told).toBe(
      `${JOB}/chk-2/one.state was durable, and is gone when the power comes back`,
    )
  })

  it('sees what a deposed leader writes, and what comes behind the end', () => {
    const deposed = new Kit().submit().write({ type: 'epoch', firstCheckpointId: 20 })
    deposed.epoch = 1
    expect(deposed.attempt(1, null).told).toContain('was written by a deposed leader')
    const ended = new Kit().submit().write({ type: 'terminal', state: 'FAILED' }).attempt(1, null)
    expect(ended.told).toContain('after the job was FAILED')
  })
})

describe('the auditor of restores (O3)', () => {
  /** What it says when tasks are given `from` while checkpoints 1 and 2 are complete. */
  function told(from: number | null, more: { epoch?: number; commitOnly?: boolean } = {}): string {
    const kit = new Kit().submit().complete(1).complete(2)
    const auditor = new RestoreAuditor(kit.auditor)
    const { epoch = 1, commitOnly = false } = more
    const restore = from === null ? null : { checkpointId: from, commitOnly }
    const tasks = [{ task: { vertexId: 'v', subtask: 0 }, slot: 0, restore }]
    auditor.deployed({
      fence: { jobId: JOB, epoch, attempt: 1 },
      tasks,
    } as unknown as DeployRequest)
    return auditor.violations.map(({ message }) => message).join('\n')
  }

  it('wants the newest, and lets a deposed leader say what it likes', () => {
    expect(told(2)).toBe('')
    expect(told(1)).toContain('begins from 1, the newest checkpoint is 2')
    expect(told(null)).toContain('begins from null')
    expect(told(1, { epoch: 0 })).toBe('')
  })

  it('wants records processed until the final checkpoint is complete', () => {
    expect(told(2, { commitOnly: true })).toContain('only commits')
  })
})

describe('the auditor of what becomes visible (O3)', () => {
  const state = (path: string): Uint8Array => bytesOf(`\u0001${JSON.stringify({ staging: path })}`)
  const told = (auditor: VisibilityAuditor): string =>
    auditor.violations.map(({ message }) => message).join('\n')

  it('is silent about a file that was synced and lies in a completed checkpoint', () => {
    const auditor = new VisibilityAuditor()
    auditor.sealed('/out/.s/a')
    auditor.completed([state('/out/.s/a')])
    auditor.published('/out/.s/a', '/out/a')
    expect(told(auditor)).toBe('')
  })

  it('is not content with a checkpoint that does not hold the file, nor with one that was never synced', () => {
    const auditor = new VisibilityAuditor()
    auditor.sealed('/out/.s/a')
    auditor.completed([state('/out/.s/b')])
    auditor.published('/out/.s/a', '/out/a')
    expect(told(auditor)).toBe('/out/a is visible, and no completed checkpoint holds it')
    auditor.published('/out/.s/b', '/out/b')
    expect(told(auditor)).toContain('/out/b is visible and was never synced')
  })

  it('hears of checkpoints by the log', () => {
    const kit = new Kit()
    const auditor = new VisibilityAuditor()
    kit.auditor.onCompleted = (states) => auditor.completed(states)
    auditor.sealed('/out/.s/a')
    kit.submit().complete(1, '{"staging":"/out/.s/a"}')
    auditor.published('/out/.s/a', '/out/a')
    expect(told(auditor)).toBe('')
  })
})
