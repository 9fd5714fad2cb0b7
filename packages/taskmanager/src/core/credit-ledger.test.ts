import { Prng } from '@weirjs/common/core/prng'
import { expect, test } from 'vitest'
import { CreditLedger, CreditReturns } from './credit-ledger.ts'

test('one frame may overdraw the credit, a second may not', () => {
  const ledger = new CreditLedger()
  expect(ledger.maySend).toBe(false)
  ledger.grant(100)
  ledger.spend(1_000)
  expect(ledger.balanceBytes).toBe(-900)
  expect(ledger.maySend).toBe(false)
  expect(() => ledger.spend(1)).toThrow('credit')
  ledger.grant(901)
  expect(ledger.maySend).toBe(true)
})

test('consumed bytes come back in halves of the window', () => {
  const returns = new CreditReturns(100)
  returns.received(30)
  returns.received(30)
  expect(returns.consumed(30)).toBe(0)
  expect(returns.consumed(30)).toBe(60)
})

test('both sides never deadlock, never exceed the window by more than a frame, whatever the sizes', () => {
  const prng = new Prng(7)
  const windowBytes = 1_000
  const ledger = new CreditLedger()
  const returns = new CreditReturns(windowBytes)
  ledger.grant(windowBytes)
  const inFlight: number[] = []
  for (let sent = 0; sent < 5_000; ) {
    if (ledger.maySend && prng.chance(0.6)) {
      const bytes = prng.between(1, 3_000)
      ledger.spend(bytes)
      inFlight.push(bytes)
      returns.received(bytes)
      sent += 1
    } else if (inFlight.length > 0) {
      const back = returns.consumed(inFlight.shift() ?? 0)
      if (back > 0) ledger.grant(back)
    } else expect(ledger.maySend).toBe(true)
    const onTheWay = inFlight.reduce((sum, bytes) => sum + bytes, 0)
    expect(onTheWay).toBeLessThan(windowBytes + 3_000)
  }
})
