// The graphs of simulated jobs. Each ends in one stream of counted numbers, and may say alerts on the way.

import type { DataStream } from '@weirjs/api/data-stream'
import type { Environment } from '@weirjs/api/environment'
import { mapState, value } from '@weirjs/api/state'
import { int } from '@weirjs/api/types'
import { type Watermarks, outOfOrder } from '@weirjs/api/watermarks'
import type { FileSystem } from '@weirjs/connectors/files/file-system'
import { ndjsonFiles } from '@weirjs/connectors/files/files'
import { paced } from './paced-generator.ts'
import { firstHalf, keyOf, secondKey, type WorkloadOptions } from './options.ts'
import {
  type Alert,
  alert,
  type Counted,
  counted,
  INPUT,
  type Numbered,
  numbered,
  rule,
} from './records.ts'
import { again, checking, counting, delaying, folding, holding, listing, passing } from './steps.ts'

/** Records in the list of the shape `lists` before it is emptied. */
const LIST_RECORDS = 13
/** Numbers of several blocks may travel side by side; within one they rise, whoever reads it. */
const GENERATOR_BLOCK = 1_000

export interface Graph {
  /** One for each sink. */
  readonly counted: readonly DataStream<Counted>[]
  readonly alerts: readonly DataStream<Alert>[]
}

export function buildShape(env: Environment, options: WorkloadOptions, files: FileSystem): Graph {
  switch (options.shape) {
    case 'keyed': {
      const input = all(env, options)
      return one(input.keyBy('key').process(counting), checked(input))
    }
    case 'keyed-twice': {
      const input = all(env, options)
      const twice = input.keyBy('key').process(counting).keyBy('key').process(again)
      return one(twice.rebalance(), checked(input))
    }
    case 'union': {
      const [first, second] = halves(env, options)
      const input = first.union(second)
      return one(input.keyBy('key').process(counting), checked(input))
    }
    case 'rebalanced': {
      const input = spread(all(env, options), options)
        .map((record) => record)
        .returns(numbered)
      return one(input.keyBy('key').process(counting))
    }
    case 'connected':
      return one(connected(env, options))
    case 'rules':
      return ruled(env, options)
    case 'lists':
      return one(spread(all(env, options), options).process(listing(LIST_RECORDS)))
    case 'blow-up':
      return one(blownUp(env, options))
    case 'timers':
      return one(all(env, options).keyBy('key').process(holding))
    case 'event-timers': {
      const time = outOfOrder<Numbered>(10, (record) => record.n)
      const delayed = all(env, options, time).keyBy('key').process(delaying)
      return one(delayed, delayed.side('alerts'))
    }
    case 'diamond':
      return one(diamond(all(env, options), 'diamond').keyBy('key').process(counting))
    case 'mixed':
      return one(mixed(env, options).keyBy('key').process(counting))
    case 'folds': {
      const folded = all(env, options).keyBy('key').process(folding)
      return one(folded, folded.side('alerts'))
    }
    case 'pipelines':
      return pipelines(env, options)
    case 'files': {
      const input = env.from(ndjsonFiles(INPUT, numbered, { fileSystem: files }), { uid: 'files' })
      return one(input.keyBy('key').process(counting))
    }
  }
}

function one(output: DataStream<Counted>, alerts?: DataStream<Alert>): Graph {
  return { counted: [output], alerts: alerts === undefined ? [] : [alerts] }
}

function spread<T>(stream: DataStream<T>, options: WorkloadOptions): DataStream<T> {
  switch (options.spread) {
    case 'rebalance':
      return stream.rebalance()
    case 'rescale':
      return stream.rescale()
    case 'shuffle':
      return stream.shuffle()
    case 'global':
      return stream.global()
  }
}

function checked(input: DataStream<Numbered>): DataStream<Alert> {
  return input.keyBy('part').process(checking)
}

// ---- sources ----

function source(
  env: Environment,
  options: WorkloadOptions,
  range: { readonly name: string; readonly from: number; readonly count: number },
  watermarks?: Watermarks<Numbered>,
): DataStream<Numbered> {
  const { name, from, count } = range
  const { records, recordsPerSecond, tickMs } = options
  const generator = paced<Numbered>(tickMs, {
    count,
    perSecond: Math.max(1, recordsPerSecond * (count / records)),
    type: numbered,
    make: (i) => ({
      n: from + i,
      key: keyOf(from + i, options),
      part: `${name}${Math.floor(i / GENERATOR_BLOCK)}`,
    }),
  })
  return env.from(generator, {
    uid: `source-${name}`,
    ...(watermarks === undefined ? {} : { watermarks }),
  })
}

function all(
  env: Environment,
  options: WorkloadOptions,
  watermarks?: Watermarks<Numbered>,
): DataStream<Numbered> {
  return source(env, options, { name: 'a', from: 0, count: options.records }, watermarks)
}

function halves(
  env: Environment,
  options: WorkloadOptions,
): readonly [DataStream<Numbered>, DataStream<Numbered>] {
  const half = firstHalf(options)
  return [
    source(env, options, { name: 'a', from: 0, count: half }),
    source(env, options, { name: 'b', from: half, count: options.records - half }),
  ]
}

// ---- larger steps ----

/** Two jobs in one, which share nothing but checkpoints: each is a region of its own and fails over alone. */
function pipelines(env: Environment, options: WorkloadOptions): Graph {
  const [first, second] = halves(env, options)
  const apart = second
    .map((record) => ({ ...record, key: secondKey(record.key) }))
    .returns(numbered)
    .keyBy('key')
    .process({ ...counting, uid: 'second-counter' })
  return { counted: [first.keyBy('key').process(counting), apart], alerts: [] }
}

/** Two keyed inputs, one state. */
function connected(env: Environment, options: WorkloadOptions): DataStream<Counted> {
  const [first, second] = halves(env, options)
  return first
    .keyBy('key')
    .connect(second.keyBy('key'))
    .process({
      uid: 'joiner',
      out: counted,
      state: { count: value(int(), { initial: () => 0 }) },
      each(record, ctx) {
        const count = ctx.state.count.get() + 1
        ctx.state.count.set(count)
        ctx.emit({ n: record.n, key: record.key, count })
      },
      second(record, ctx) {
        const count = ctx.state.count.get() + 1
        ctx.state.count.set(count)
        ctx.emit({ n: record.n, key: record.key, count })
      },
    })
}

/**
 * Data beside a broadcast map. Every subtask takes every rule once and says so, as number -1 - rule under its own name;
 * a rule that is there already when it comes, or a key that has seen more rules than there are, raises an alert.
 */
function ruled(env: Environment, options: WorkloadOptions): Graph {
  const { rules, records, recordsPerSecond, tickMs } = options
  const control = env.from(
    paced(tickMs, {
      count: rules,
      perSecond: Math.max(1, (rules * recordsPerSecond) / records),
      type: rule,
      make: (id) => ({ id, factor: id * 3 }),
    }),
    { uid: 'rules', parallelism: 1 },
  )
  const out = all(env, options)
    .keyBy('key')
    .connect(control.broadcast(mapState('rules', int(), int())))
    .process({
      uid: 'ruled',
      out: counted,
      sides: { alerts: alert },
      state: {
        count: value(int(), { initial: () => 0 }),
        seen: value(int(), { initial: () => 0 }),
      },
      each(record, ctx) {
        const { count, seen } = ctx.state
        count.set(count.get() + 1)
        if (ctx.broadcast.size < seen.get())
          ctx.output.alerts({ where: 'rules lost', expected: seen.get(), got: ctx.broadcast.size })
        seen.set(ctx.broadcast.size)
        ctx.emit({ n: record.n, key: record.key, count: count.get() })
      },
      control(one, ctx) {
        const known = ctx.broadcast.get(one.id)
        if (known !== undefined)
          ctx.output.alerts({ where: 'rule known already', expected: 0, got: one.id })
        if (ctx.broadcast.size !== one.id)
          ctx.output.alerts({ where: 'rules missing', expected: one.id, got: ctx.broadcast.size })
        ctx.broadcast.set(one.id, one.factor)
        ctx.emit({ n: -1 - one.id, key: `s${ctx.subtask}`, count: ctx.parallelism })
      },
    })
  return one(out, out.side('alerts'))
}

/** Two ways of which each record goes one; where they meet again, barriers of both must. */
function diamond(input: DataStream<Numbered>, name: string): DataStream<Numbered> {
  const even = input.filter((record) => record.n % 2 === 0).rebalance()
  const odd = input.filter((record) => record.n % 2 !== 0)
  return even.union(odd.keyBy('key').process({ ...passing, uid: `${name}-odd` }))
}

/** A graph by chance: sources that flow together, and steps that let every record through once. */
function mixed(env: Environment, options: WorkloadOptions): DataStream<Numbered> {
  const [first, second] = halves(env, options)
  return options.stages.reduce((stream, stage, i) => {
    switch (stage) {
      case 'map':
        return stream.map((record) => ({ ...record })).returns(numbered)
      case 'spread':
        return spread(stream, options)
      case 'keyed':
        return stream.keyBy('key').process({ ...passing, uid: `pass-${i}` })
      case 'diamond':
        return diamond(stream, `diamond-${i}`)
    }
  }, first.union(second))
}

/** Many small records of each one, so that channels run full. */
function blownUp(env: Environment, options: WorkloadOptions): DataStream<Counted> {
  const { copies } = options
  return all(env, options)
    .flatMap(numbered, (record, emit) => {
      for (let i = 0; i < copies; i++) emit({ ...record, n: record.n * copies + i })
    })
    .keyBy('key')
    .process(counting)
}
