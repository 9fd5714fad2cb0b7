import { expect, test } from 'vitest'
import { callSite } from './call-site.ts'

test.each([
  ['at build (file:///home/me/copy%20(2)/(app)/job.ts:12:7)', '/home/me/copy (2)/(app)/job.ts:12'],
  ['at /home/me/(app)/job.ts:12:7', '/home/me/(app)/job.ts:12'],
])('parentheses are part of a path: %s', (frame, place) => {
  // The text of a stack is made by whatever formatter is installed.
  const before = Error.prepareStackTrace
  Error.prepareStackTrace = () => `Error\n    at map (/weir/stream.ts:1:2)\n    ${frame}`
  try {
    expect(callSite()).toBe(place)
  } finally {
    Error.prepareStackTrace = before
  }
})
