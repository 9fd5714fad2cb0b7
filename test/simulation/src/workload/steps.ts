// Steps of simulated jobs, with their own checks inside: what they complain of can only come from a state that was lost,
// mixed up, or restored twice.

import { keyedProcess, process } from '@weirjs/api/process-definitions'
import { aggregating, listState, mapState, operatorList, reducing, value } from '@weirjs/api/state'
import { struct } from '@weirjs/api/struct'
import type { MapState, ValueState } from '@weirjs/api/process-context'
import { int, text } from '@weirjs/api/types'
import type { Key } from '@weirjs/common/core/codec'
import { nextOf } from './numbering.ts'
import type { WorkloadOptions } from './options.ts'
import { isWhole } from './payloads.ts'
import { type Alert, alert, type Counted, counted, type Numbered, numbered } from './records.ts'

/** Processing time that a record is held by `holding`, at most. */
const HOLD_MS = 700
/** Event time that a record is held by `delaying`: one number is one millisecond. */
const DELAY_NUMBERS = 50

const zero = (): number => 0

/** What a keyed step holds against what it gets. */
export interface Checks {
  /** Records of one key and part come in the order of their numbers. */
  readonly ordered: boolean
  /** Records by key, when the input has ended. */
  readonly totals: ReadonlyMap<string, number>
}

/** State of a step that checks what it gets: the last number by part, and the last record that carried something. */
export const order = {
  last: mapState<string, number>(text(), int()),
  kept: value<Numbered>(numbered),
}

interface Watching {
  readonly key: Key
  readonly state: {
    readonly last: MapState<string, number>
    readonly kept: ValueState<Numbered>
  }
  readonly output: { readonly alerts: (one: Alert) => void }
}

/** Exactly the successor of the last one, by key and part: nothing lost, doubled, or overtaken. */
export function follow(where: string, record: Numbered, ctx: Watching): void {
  const { part, n, before } = record
  carry(where, record, ctx)
  const last = ctx.state.last.get(part) ?? -1
  if (before !== last)
    ctx.output.alerts({ where: `${where} ${String(ctx.key)} ${part}`, expected: last, got: before })
  ctx.state.last.set(part, n)
}

/** What a record carries is whole, and so is what was kept of the last one with its key. */
function carry(where: string, record: Numbered, { state, output }: Watching): void {
  if (record.payload === '') return
  for (const one of [record, state.kept.get()])
    if (one !== null && !isWhole(one))
      output.alerts({
        where: `${where}: payload of ${one.n}`,
        expected: 0,
        got: one.payload.length,
      })
  state.kept.set(record)
}

/** The input has ended: as many came as there are. */
function complete(
  where: string,
  totals: Checks['totals'],
  got: number,
  { key: of, output }: Pick<Watching, 'key' | 'output'>,
): void {
  const key = String(of)
  const expected = totals.get(key) ?? 0
  if (got !== expected) output.alerts({ where: `${where} ${key} at its end`, expected, got })
}

/** Counts records by key. */
export const counting = ({ ordered, totals }: Checks) =>
  keyedProcess({
    uid: 'counter',
    in: numbered,
    out: counted,
    sides: { alerts: alert },
    state: { count: value(int(), { initial: zero }), ...order },
    each(record, ctx) {
      if (ordered) follow('counter', record, ctx)
      else carry('counter', record, ctx)
      const count = ctx.state.count.get() + 1
      ctx.state.count.set(count)
      ctx.emit({ n: record.n, key: record.key, count })
    },
    finishKey(ctx) {
      complete('counter', totals, ctx.state.count.get(), ctx)
    },
  })

/** Lets every record through, and remembers how many. */
export const passing = (totals: Checks['totals']) =>
  keyedProcess({
    uid: 'passer',
    in: numbered,
    out: numbered,
    sides: { alerts: alert },
    state: { count: value(int(), { initial: zero }) },
    each(record, ctx) {
      ctx.state.count.set(ctx.state.count.get() + 1)
      ctx.emit(record)
    },
    finishKey(ctx) {
      complete('passer', totals, ctx.state.count.get(), ctx)
    },
  })

/** Counts in three ways, which must agree. */
export const folding = keyedProcess({
  uid: 'folder',
  in: numbered,
  out: counted,
  sides: { alerts: alert },
  state: {
    count: value(int(), { initial: zero }),
    ...order,
    sum: reducing(int(), (a, b) => a + b),
    mean: aggregating<number, { readonly sum: number; readonly times: number }, number>(
      struct('Mean', { sum: int(), times: int() }),
      {
        create: () => ({ sum: 0, times: 0 }),
        add: ({ sum, times }, n) => ({ sum: sum + n, times: times + 1 }),
        result: ({ times }) => times,
      },
    ),
  },
  each(record, ctx) {
    follow('folds', record, ctx)
    const { count, sum, mean } = ctx.state
    count.set(count.get() + 1)
    sum.add(1)
    mean.add(record.n)
    const ways = [count.get(), sum.get() ?? 0, mean.get() ?? 0]
    if (new Set(ways).size > 1)
      ctx.output.alerts({ where: 'folds', expected: Math.max(...ways), got: Math.min(...ways) })
    ctx.emit({ n: record.n, key: record.key, count: count.get() })
  },
})

/** Of one part of the input, every number comes once and in order. What it says must never be said. */
export const checking = (options: WorkloadOptions) =>
  keyedProcess({
    uid: 'checker',
    in: numbered,
    out: alert,
    state: { last: value(int(), { initial: () => -1 }) },
    each({ n, part }, ctx) {
      const expected = nextOf(part, ctx.state.last.get(), options)
      if (n !== expected) ctx.emit({ where: part, expected, got: n })
      ctx.state.last.set(n)
    },
  })

/** A second shuffle and a second state: a number that comes twice is marked by a negative count. */
export const again = keyedProcess({
  uid: 'again',
  in: counted,
  out: counted,
  state: { seen: mapState(int(), int()) },
  each(record, ctx) {
    const times = (ctx.state.seen.get(record.n) ?? 0) + 1
    ctx.state.seen.set(record.n, times)
    ctx.emit(times === 1 ? record : { ...record, count: -times })
  },
})

/** Holds records in a list per key, until a processing-time timer or the end of the input lets them go. */
export const holding = keyedProcess({
  uid: 'holder',
  in: numbered,
  out: counted,
  sides: { alerts: alert },
  state: { count: value(int(), { initial: zero }), held: listState<Counted>(counted), ...order },
  each(record, ctx) {
    follow('holder', record, ctx)
    const { count, held } = ctx.state
    count.set(count.get() + 1)
    if (held.length === 0) ctx.timers.after(1 + ((record.n * 37) % HOLD_MS))
    held.add({ n: record.n, key: record.key, count: count.get() })
  },
  timer(_time, ctx) {
    for (const record of ctx.state.held.get()) ctx.emit(record)
    ctx.state.held.clear()
  },
  finishKey(ctx) {
    for (const record of ctx.state.held.get()) ctx.emit(record)
    ctx.state.held.clear()
  },
})

/** Holds each record until event time has passed it by; all must have gone when the input ends. */
export const delaying = keyedProcess({
  uid: 'delayer',
  in: numbered,
  out: counted,
  sides: { alerts: alert },
  state: { count: value(int(), { initial: zero }), held: mapState(int(), counted), ...order },
  each(record, ctx) {
    follow('delayer', record, ctx)
    const { count, held } = ctx.state
    count.set(count.get() + 1)
    const due = record.n + DELAY_NUMBERS
    if (due <= ctx.watermark)
      ctx.output.alerts({ where: 'late record', expected: ctx.watermark, got: record.n })
    held.set(due, { n: record.n, key: record.key, count: count.get() })
    ctx.timers.at(due)
  },
  timer(time, ctx) {
    const record = ctx.state.held.get(time)
    if (record === undefined) {
      ctx.output.alerts({ where: 'timer without record', expected: 0, got: time })
      return
    }
    if (time > ctx.watermark)
      ctx.output.alerts({ where: 'timer before its time', expected: time, got: 0 })
    ctx.state.held.delete(time)
    ctx.emit(record)
  },
  finishKey(ctx) {
    if (ctx.state.held.size > 0)
      ctx.output.alerts({ where: 'held at the end', expected: 0, got: ctx.state.held.size })
  },
})

/** Numbers whose payload was damaged in the list go under another key, which the ledger sees. */
function letGo(
  held: readonly Counted[],
  kept: readonly Numbered[],
  emit: (one: Counted) => void,
): void {
  const damaged = new Set(kept.filter((one) => !isWhole(one)).map(({ n }) => n))
  for (const one of held) emit(damaged.has(one.n) ? { ...one, key: 'damaged' } : one)
}

/** No key: an operator list, which is dealt out anew when the parallelism changes. */
export function listing(size: number) {
  return process({
    uid: 'lister',
    in: numbered,
    out: counted,
    lists: { held: operatorList(counted), kept: operatorList(numbered) },
    each(record, ctx) {
      const { held, kept } = ctx.lists
      if (record.payload !== '') kept.add(record)
      held.add({ n: record.n, key: record.key, count: 0 })
      if (held.length < size) return
      letGo(held.get(), kept.get(), ctx.emit)
      held.clear()
      kept.clear()
    },
    finish(ctx) {
      const { held, kept } = ctx.lists
      letGo(held.get(), kept.get(), ctx.emit)
      held.clear()
      kept.clear()
    },
  })
}
