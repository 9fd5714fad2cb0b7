import { keyedProcess } from '@weirjs/api/process-definitions'
import { value } from '@weirjs/api/state'
import { struct } from '@weirjs/api/struct'
import { bigint, int, text, timestamp } from '@weirjs/api/types'
import { describe, expect, it } from 'vitest'
import { harness } from './harness.ts'

const Login = struct('Login', { user: text(), time: timestamp() })
const Alert = struct('Alert', { user: text(), silentSince: timestamp() })
const HALF_AN_HOUR = 1_800_000

const inactivity = keyedProcess({
  uid: 'inactivity',
  in: Login,
  out: Alert,
  key: text(),
  state: { last: value(timestamp(), { initial: 0 }) },
  each(login, { state, timers }) {
    state.last.set(login.time)
    timers.at(login.time + HALF_AN_HOUR)
  },
  timer(time, { state, emit, key }) {
    const last = state.last.get()
    if (time - last >= HALF_AN_HOUR) emit({ user: key, silentSince: last })
  },
})

describe('harness', () => {
  it('alerts after half an hour of silence', () => {
    const h = harness(inactivity)
    h.push('alice', { user: 'alice', time: 0 })
    h.push('bob', { user: 'bob', time: 1_000_000 })
    h.push('alice', { user: 'alice', time: 600_000 })
    h.advanceWatermark(HALF_AN_HOUR)
    expect(h.output).toEqual([])
    h.restart()
    h.advanceWatermark(HALF_AN_HOUR + 600_000)
    expect(h.output).toEqual([{ user: 'alice', silentSince: 600_000 }])
    h.close()
  })

  it('finds a step that remembers outside its state', () => {
    let seen = 0
    const leaky = keyedProcess({
      uid: 'leaky',
      in: int(),
      out: int(),
      key: text(),
      each(_n, { emit }) {
        seen += 1
        emit(seen)
      },
    })
    const h = harness(leaky)
    h.push('k', 1)
    expect(() => h.output).toThrowError(/in mode/)
    const big = keyedProcess({
      uid: 'big',
      in: int(),
      out: bigint(),
      key: text(),
      each(_n, { emit }) {
        seen += 1
        emit(BigInt(seen))
      },
    })
    const b = harness(big)
    b.push('k', 1)
    expect(() => b.output).toThrowError(/emits \[ \d+n \] in mode/)
  })
})
