import { expect, it } from 'vitest'
import { OwnPause } from './own-pause.ts'

it('tells what exceeds the interval, and bears looks that are a little late', () => {
  const pause = new OwnPause(250)
  expect(pause.look(1_000)).toBe(0)
  expect(pause.look(1_250)).toBe(0)
  expect(pause.look(1_750)).toBe(0)
  expect(pause.look(4_750)).toBe(2_750)
  expect(pause.look(5_000)).toBe(0)
  expect(pause.look(5_501)).toBe(251)
})
