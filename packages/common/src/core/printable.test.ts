import { describe, expect, test } from 'vitest'
import { isPrintable, printable, printableLines } from './printable.ts'

describe('text that people are shown', () => {
  test.each([
    ['x\n\u001b[2J', 'x\\u000a\\u001b[2J'],
    ['\u0000\t\u007f', '\\u0000\\u0009\\u007f'],
    ['\u009b2J', '\\u009b2J'],
    ['a\u2028b\u2029c', 'a\\u2028b\\u2029c'],
  ])('%j is shown with escapes', (text, shown) => {
    expect(isPrintable(text)).toBe(false)
    expect(printable(text)).toBe(shown)
  })

  test.each(['', 'flights', 'naïve façade → 数 👩‍🚀', 'C:\\u001b'])(
    '%j is shown as it is',
    (text) => {
      expect(isPrintable(text)).toBe(true)
      expect(printable(text)).toBe(text)
    },
  )

  test('lines stay lines', () => {
    expect(printableLines('a\r\n\tb\u0007\n\rc')).toEqual(['a', '\tb\\u0007', '\\u000dc'])
  })
})
