import { WeirError, toFailure } from '@weirjs/common/core/errors'
import { describe, expect, test } from 'vitest'
import { PENDING_REPLIES_MAX, PendingReplies } from './pending-replies.ts'

const isText = (ok: unknown): ok is string => typeof ok === 'string'
const gone = (): WeirError => new WeirError('job/process-lost', 'gone', { domain: 'user' })

describe('PendingReplies', () => {
  test('settles each request with the answer that repeats its id', async () => {
    const pending = new PendingReplies()
    const ids: number[] = []
    const first = pending.request((id) => ids.push(id), isText)
    const second = pending.request((id) => ids.push(id), isText)
    pending.settle({ type: 'reply', id: ids[1] as number, outcome: { ok: 'b' } })
    pending.settle({ type: 'reply', id: ids[0] as number, outcome: { ok: 'a' } })
    expect(await Promise.all([first, second])).toEqual(['a', 'b'])
  })

  test('expects no answer of another form, and none to nobody', async () => {
    const pending = new PendingReplies()
    let id = 0
    const request = pending.request((fresh) => {
      id = fresh
    }, isText)
    const failure = toFailure(gone())
    expect(pending.expects({ type: 'reply', id, outcome: { ok: 7 } })).toBe(false)
    expect(pending.expects({ type: 'reply', id: id + 1, outcome: { ok: 'a' } })).toBe(false)
    expect(pending.expects({ type: 'reply', id, outcome: { failure } })).toBe(true)
    expect(pending.expects({ type: 'reply', id, outcome: { ok: 'a' } })).toBe(true)
    pending.end(gone())
    expect(pending.expects({ type: 'reply', id, outcome: { ok: 7 } })).toBe(true)
    await expect(request).rejects.toMatchObject({ code: 'job/process-lost' })
  })

  test('turns a failure back into the error it was', async () => {
    const pending = new PendingReplies()
    let asked = 0
    const request = pending.request((id) => {
      asked = id
    }, isText)
    const failure = toFailure(
      new WeirError('job/load-failed', 'boom', { domain: 'user', location: 'job.ts:3' }),
    )
    pending.settle({ type: 'reply', id: asked, outcome: { failure } })
    await expect(request).rejects.toMatchObject({ code: 'job/load-failed', location: 'job.ts:3' })
  })

  test('rejects everything pending, and everything later, when the other side ends', async () => {
    const pending = new PendingReplies()
    const waiting = pending.request(() => {}, isText)
    pending.end(gone())
    await expect(waiting).rejects.toMatchObject({ code: 'job/process-lost' })
    await expect(pending.request(() => {}, isText)).rejects.toMatchObject({
      code: 'job/process-lost',
    })
    expect(pending.size).toBe(0)
  })

  test('rejects when the message cannot be sent', async () => {
    const pending = new PendingReplies()
    await expect(
      pending.request(() => {
        throw gone()
      }, isText),
    ).rejects.toMatchObject({ code: 'job/process-lost' })
    expect(pending.size).toBe(0)
  })

  test('refuses more than its bound instead of growing', async () => {
    const pending = new PendingReplies()
    const waiting = Array.from({ length: PENDING_REPLIES_MAX }, () =>
      pending.request(() => {}, isText),
    )
    await expect(pending.request(() => {}, isText)).rejects.toMatchObject({
      code: 'slot/too-many-requests',
    })
    pending.end(gone())
    const settled = await Promise.allSettled(waiting)
    expect(settled.every((result) => result.status === 'rejected')).toBe(true)
  })

  test('takes an answer that comes behind the end for what it is: too late', async () => {
    const pending = new PendingReplies()
    let asked = 0
    const request = pending.request((id) => {
      asked = id
    }, isText)
    pending.end(gone())
    pending.settle({ type: 'reply', id: asked, outcome: { ok: null } })
    await expect(request).rejects.toMatchObject({ code: 'job/process-lost' })
  })
})
