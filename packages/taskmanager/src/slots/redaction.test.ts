import { describe, expect, it } from 'vitest'
import type { HostEvent } from './protocol.ts'
import { Redaction } from './redaction.ts'

const KEY = '-----BEGIN KEY-----\nabcdefghijkl\nmnopqrstuvwx\n-----END KEY-----'
const redaction = new Redaction({
  variables: { WEIR_SECRET_A: 'hunter22', WEIR_SECRET_B: 'hunter22-and-more' },
  files: { key: KEY, pin: '1234' },
})

describe('Redaction', () => {
  it('masks values, the longest first, and the lines of long ones', () => {
    expect(redaction.text('a hunter22 b hunter22-and-more c')).toBe('a ****** b ****** c')
    expect(redaction.text(`key:\n${KEY}`)).toBe('key:\n******')
    expect(redaction.text('mnopqrstuvwx')).toBe('******')
    expect(redaction.text('1234 is too short to be known for sure')).toContain('1234')
  })

  it('masks what people read of a message, and nothing that programs read', () => {
    const address = new Redaction({ variables: { WEIR_SECRET_HOST: 'localhost' }, files: {} })
    const failure = { code: 'localhost', message: 'no login at localhost', stack: 'at localhost' }
    const said = [
      { type: 'lost', failure },
      { type: 'reply', id: 7, outcome: { failure } },
      { type: 'slot', slot: 0, event: { type: 'output', lines: [{ text: 'localhost' }] } },
      { type: 'slot', slot: 0, event: { type: 'decline', decline: { failure } } },
      {
        type: 'slot',
        slot: 0,
        event: { type: 'task-update', update: { change: { state: 'failed', failure } } },
      },
    ] as unknown as HostEvent[]
    const masked = JSON.stringify(said.map((event) => address.event(event)))
    expect(masked.match(/\*{6}/g)).toHaveLength(9)
    expect(masked.match(/localhost/g)).toHaveLength(4)
    const started = {
      type: 'reply',
      id: 1,
      outcome: { ok: { endpoints: [{ dataAddress: 'localhost:41234' }] } },
    } as const
    expect(address.event(started)).toBe(started)
  })

  it('does not touch messages that hold no words', () => {
    const report = { type: 'slot', slot: 0, event: { type: 'report', tasks: [] } } as const
    expect(redaction.event(report)).toEqual(report)
    const none = new Redaction({ variables: {}, files: {} })
    const lost = { type: 'lost', failure: { code: 'x' } } as unknown as HostEvent
    expect(none.event(lost)).toBe(lost)
  })
})
