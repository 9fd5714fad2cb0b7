import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import { ManualScheduler } from '../core/manual-scheduler.ts'
import { MemoryLog } from '../core/memory-log.ts'
import { closeOnSignals, Lifecycle, SHUTDOWN_MS_MAX } from './lifecycle.ts'
import { advance, settle } from './virtual-time.ts'

function stage() {
  const scheduler = new ManualScheduler()
  const log = new MemoryLog()
  const lifecycle = new Lifecycle({ scheduler, log, closeMsMax: 100 })
  const closed: string[] = []
  const own = (name: string) => lifecycle.own(name, () => void closed.push(name))
  return { scheduler, log, lifecycle, closed, own }
}

describe('a lifecycle', () => {
  it('closes in reverse order, once', async () => {
    const { lifecycle, closed, own } = stage()
    await own('storage')
    await own('server')
    await Promise.all([lifecycle.close(), lifecycle.close()])
    expect(closed).toEqual(['server', 'storage'])
  })

  it('goes on when a part throws or hangs, and says so', async () => {
    const { lifecycle, closed, own, scheduler, log } = stage()
    await own('first')
    await lifecycle.own('hanging', () => new Promise(() => {}))
    await lifecycle.own('broken', () => {
      throw new Error('no')
    })
    const closing = lifecycle.close()
    await advance(scheduler, 100)
    await closing
    expect(closed).toEqual(['first'])
    expect(log.events.map((one) => [one.fields['part'], one.event])).toEqual([
      ['broken', 'part failed to close'],
      ['hanging', 'part did not close in time'],
    ])
  })

  it('closes at once what is opened while everything closes', async () => {
    const { lifecycle, closed, own } = stage()
    await own('early')
    await lifecycle.close()
    await own('late')
    expect(closed).toEqual(['early', 'late'])
  })
})

describe('signals', () => {
  function signalStage() {
    const base = stage()
    const signals = new EventEmitter()
    const exits: number[] = []
    closeOnSignals(base.lifecycle, {
      signals,
      exit: (code) => exits.push(code),
      scheduler: base.scheduler,
      log: base.log,
    })
    return { ...base, signals, exits }
  }

  it.each([
    ['SIGTERM', 0],
    ['SIGINT', 130],
  ] as const)('%s closes and exits with %d', async (signal, code) => {
    const { signals, exits, closed, own, scheduler } = signalStage()
    await own('server')
    signals.emit(signal, signal)
    expect(exits).toEqual([])
    await settle()
    expect(closed).toEqual(['server'])
    expect(exits).toEqual([code])
    await advance(scheduler, SHUTDOWN_MS_MAX)
    expect(exits).toEqual([code])
  })

  it('a second signal does not wait', async () => {
    const { signals, exits, lifecycle } = signalStage()
    await lifecycle.own('hanging', () => new Promise(() => {}))
    signals.emit('SIGINT', 'SIGINT')
    signals.emit('SIGTERM', 'SIGTERM')
    expect(exits).toEqual([1])
  })

  it('nothing waits for ever', async () => {
    const scheduler = new ManualScheduler()
    const log = new MemoryLog()
    const lifecycle = new Lifecycle({ scheduler, log, closeMsMax: Number.MAX_SAFE_INTEGER })
    const [signals, exits] = [new EventEmitter(), [] as number[]]
    closeOnSignals(lifecycle, { signals, exit: (code) => exits.push(code), scheduler, log })
    await lifecycle.own('hanging', () => new Promise(() => {}))
    signals.emit('SIGTERM', 'SIGTERM')
    await advance(scheduler, SHUTDOWN_MS_MAX)
    expect(exits).toEqual([1])
  })
})
