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

  it('masks what a process says and why it failed, and leaves numbers and bytes', () => {
    const failure = { code: 'x', message: 'no login with hunter22', stack: 'at hunter22' }
    const said = [
      { type: 'lost', failure },
      { type: 'reply', id: 7, outcome: { failure } },
      { type: 'slot', slot: 0, event: { type: 'output', lines: [{ text: 'hunter22' }] } },
      { type: 'slot', slot: 0, event: { type: 'decline', decline: { failure } } },
    ] as unknown as HostEvent[]
    const masked = said.map((event) => redaction.event(event))
    expect(JSON.stringify(masked)).not.toContain('hunter22')
    expect(JSON.stringify(masked).match(/\*{6}/g)).toHaveLength(7)
    const bytes = { type: 'reply', id: 1, outcome: { ok: new Uint8Array([1, 2]) } } as const
    expect(redaction.event(bytes)).toEqual(bytes)
  })

  it('does not touch messages that hold no words', () => {
    const report = { type: 'slot', slot: 0, event: { type: 'report', tasks: [] } } as const
    expect(redaction.event(report)).toBe(report)
    const none = new Redaction({ variables: {}, files: {} })
    const lost = { type: 'lost', failure: { code: 'x' } } as unknown as HostEvent
    expect(none.event(lost)).toBe(lost)
  })
})
