import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WeirError } from '../core/errors.ts'
import { open, openJson, seal, sealJson } from './envelope.ts'

const damaged = expect.objectContaining({ code: 'state/file-damaged' })

describe('envelopes', () => {
  it('give back version and payload', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 500 }),
        fc.integer({ min: 1, max: 999_999_999 }),
        (payload, version) => {
          const opened = open('log-entry', seal('log-entry', version, payload), 'f')
          expect(opened.version).toBe(version)
          expect(Buffer.compare(opened.payload, payload)).toBe(0)
        },
      ),
    )
  })

  it('are readable by a person', () => {
    const text = Buffer.from(sealJson('manifest', 1, { a: 'ä' })).toString('utf8')
    expect(text).toMatch(/^weir manifest v1 10 [0-9a-f]{8}\n\{"a":"ä"\}\n$/)
    expect(openJson('manifest', Buffer.from(text), 'f')).toEqual({ version: 1, value: { a: 'ä' } })
  })

  it('name the file for every changed bit, every missing or added byte', () => {
    const sealed = sealJson('manifest', 12, { tasks: [1, 2, 3], text: 'some payload' })
    const refused = expect.objectContaining({
      code: 'state/file-damaged',
      message: expect.stringMatching(/^chk-7\/manifest is damaged at byte \d+: /) as string,
    })
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const flipped = Uint8Array.from(sealed)
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      expect(() => open('manifest', flipped, 'chk-7/manifest')).toThrow(refused)
    }
    for (let length = 0; length < sealed.length; length++) {
      expect(() => open('manifest', sealed.subarray(0, length), 'chk-7/manifest')).toThrow(refused)
    }
    expect(() => open('manifest', Uint8Array.of(...sealed, 10), 'chk-7/manifest')).toThrow(refused)
  })

  it('refuse another kind, nonsense, and a payload that is no JSON', () => {
    expect(() => open('manifest', sealJson('log-entry', 1, {}), 'f')).toThrow(
      'it is a log-entry, not a manifest',
    )
    expect(() => openJson('manifest', seal('manifest', 1, Buffer.from('{"a":')), 'f')).toThrow(
      damaged,
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => open('manifest', bytes, 'f')).toThrow(WeirError)
      }),
    )
  })
})
