import { expect, test } from 'vitest'
import { placeInFrame } from './stack-frame.ts'

test.each([
  ['at map (/home/me/job.ts:12:7)', '/home/me/job.ts', '12', '7'],
  ['at map (/home/me/job.ts:12)', '/home/me/job.ts', '12', undefined],
  [
    'at map (file:///home/me/copy%20(2)/job.ts:12:7)',
    'file:///home/me/copy%20(2)/job.ts',
    '12',
    '7',
  ],
  ['at async file:///home/me/(app)/job.ts:12:7', 'file:///home/me/(app)/job.ts', '12', '7'],
  ['at async map (C:\\me (x86)\\job.ts:12:7)', 'C:\\me (x86)\\job.ts', '12', '7'],
  ['at Object.<anonymous> [as each] (/me/(app)/job.ts:1:2)', '/me/(app)/job.ts', '1', '2'],
  ['at /home/me/a (b/c)/job.ts:12:7', '/home/me/a (b/c)/job.ts', '12', '7'],
  ['at new Job (./job:1.ts:12:7)', './job:1.ts', '12', '7'],
])('%s', (frame, file, line, column) => {
  expect(placeInFrame(`    ${frame}`)).toEqual({ file, line, column })
})

test.each([
  'Error: (/home/me/job.ts:12:7)',
  'at async Promise.all (index 0)',
  'at Object.parse (node:internal/json:1:2)',
  'at eval (eval at map (/home/me/job.ts:12:7), <anonymous>:1:1)',
  'at map (<anonymous>)',
])('no place in a file: %s', (line) => {
  expect(placeInFrame(line)).toBeNull()
})
