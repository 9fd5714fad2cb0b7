// The graphs of simulated jobs. Each ends in one stream of counted numbers, and may say alerts on the way.

import type { DataStream } from '@weirjs/api/data-stream'
import type { Environment } from '@weirjs/api/environment'
import { mapState, value } from '@weirjs/api/state'
import { int } from '@weirjs/api/types'
import { outOfOrder } from '@weirjs/api/watermarks'
import type { FileSystem } from '@weirjs/connectors/files/file-system'
import { ndjsonFiles } from '@weirjs/connectors/files/files'
import { numberingOf } from './numbering.ts'
import { isOrdered, secondKey, type WorkloadOptions } from './options.ts'
import { type Alert, alert, type Counted, counted, type Numbered, numbered } from './records.ts'
import { payload } from './payloads.ts'
import { all, halves, inputOf, ruleSource } from './sources.ts'
import { diamond, spread, throughStages, typed } from './stages.ts'
import {
  again,
  type Checks,
  checking,
  counting,
  delaying,
  folding,
  follow,
  holding,
  listing,
  order,
} from './steps.ts'

/** Records in the list of the shape `lists` before it is emptied. */
const LIST_RECORDS = 13

export interface Graph {
  /** One for each sink. */
  readonly counted: readonly DataStream<Counted>[]
  readonly alerts: readonly DataStream<Alert>[]
}

export function buildShape(env: Environment, options: WorkloadOptions, files: FileSystem): Graph {
  const checks = { ordered: isOrdered(options), totals: numberingOf(options).totals }
  const count = counting(checks)
  switch (options.shape) {
    case 'keyed': {
      const input = all(env, options)
      return watched(input.keyBy('key').process(count), checked(input, options))
    }
    case 'keyed-twice': {
      const input = all(env, options)
      const once = input.keyBy('key').process(count)
      return one(once.keyBy('key').process(again).rebalance(), once.side('alerts'))
    }
    case 'union': {
      const [first, second] = halves(env, options)
      const input = first.union(second)
      return watched(input.keyBy('key').process(count), checked(input, options))
    }
    case 'rebalanced': {
      const input = typed(
        spread(all(env, options), options).map((record) => record),
        options,
      )
      return watched(input.keyBy('key').process(count))
    }
    case 'connected':
      return watched(connected(env, options))
    case 'rules':
      return ruled(env, options)
    case 'lists':
      return one(spread(all(env, options), options).process(listing(LIST_RECORDS)))
    case 'blow-up':
      return watched(blownUp(env, options, checks))
    case 'timers':
      return watched(all(env, options).keyBy('key').process(holding))
    case 'event-timers': {
      const time = outOfOrder<Numbered>(10, (record) => record.n)
      return watched(all(env, options, time).keyBy('key').process(delaying))
    }
    case 'diamond': {
      const { stream, alerts } = diamond(all(env, options), options, 'diamond')
      const out = stream.keyBy('key').process(count)
      return watched(out, ...alerts)
    }
    case 'mixed':
      return mixed(env, options, checks)
    case 'folds':
      return watched(all(env, options).keyBy('key').process(folding))
    case 'pipelines':
      return pipelines(env, options, checks)
    case 'files': {
      const input = env.from(ndjsonFiles(inputOf(options), numbered, { fileSystem: files }), {
        uid: 'files',
      })
      // A key has a part in each file: too many to remember, so the order is looked at by part.
      const out = input.keyBy('key').process(counting({ ...checks, ordered: false }))
      return watched(out, checked(input, options))
    }
  }
}

/** A step that counts, and says alerts. */
type Watched = DataStream<Counted, { readonly alerts: Alert }>

/** One stream, and what is said on the way, into one sink. */
function watched(output: Watched, ...more: readonly DataStream<Alert>[]): Graph {
  const alerts = more.reduce((all, other) => all.union(other), output.side('alerts'))
  return { counted: [output], alerts: [alerts] }
}

function one(output: DataStream<Counted>, alerts?: DataStream<Alert>): Graph {
  return { counted: [output], alerts: alerts === undefined ? [] : [alerts] }
}

function checked(input: DataStream<Numbered>, options: WorkloadOptions): DataStream<Alert> {
  return input.keyBy('part').process(checking(options))
}

// ---- larger steps ----

/** Two jobs in one, which share nothing but checkpoints: each is a region of its own and fails over alone. */
function pipelines(env: Environment, options: WorkloadOptions, checks: Checks): Graph {
  const [first, second] = halves(env, options)
  const count = counting(checks)
  const renamed = second.map((record) => ({ ...record, key: secondKey(record.key) }))
  const apart = typed(renamed, options)
    .keyBy('key')
    .process({ ...count, uid: 'second-counter' })
  const here = first.keyBy('key').process(count)
  return { counted: [here, apart], alerts: [here.side('alerts'), apart.side('alerts')] }
}

/** Two keyed inputs, one state. */
function connected(env: Environment, options: WorkloadOptions): Watched {
  const [first, second] = halves(env, options)
  return first
    .keyBy('key')
    .connect(second.keyBy('key'))
    .process({
      uid: 'joiner',
      out: counted,
      sides: { alerts: alert },
      state: { count: value(int(), { initial: () => 0 }), ...order },
      each(record, ctx) {
        follow('joiner', record, ctx)
        const count = ctx.state.count.get() + 1
        ctx.state.count.set(count)
        ctx.emit({ n: record.n, key: record.key, count })
      },
      second(record, ctx) {
        follow('joiner', record, ctx)
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
  const control = ruleSource(env, options, 'rules')
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
        ...order,
      },
      each(record, ctx) {
        follow('ruled', record, ctx)
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
  return watched(out)
}

/** A graph by chance: sources that flow together, and steps that let every record through once. */
function mixed(env: Environment, options: WorkloadOptions, checks: Checks): Graph {
  const [first, second] = halves(env, options)
  const { stream, alerts } = throughStages(env, options, first.union(second))
  return watched(stream.keyBy('key').process(counting(checks)), ...alerts)
}

/** Many small records of each one, so that channels run full. */
function blownUp(env: Environment, options: WorkloadOptions, checks: Checks): Watched {
  const { copies } = options
  return all(env, options)
    .flatMap(numbered, (record, emit) => {
      let before = record.before < 0 ? -1 : record.before * copies + copies - 1
      for (let i = 0; i < copies; i++) {
        const n = record.n * copies + i
        const carried = i === 0 && record.payload !== '' ? payload(n, record.payload.length) : ''
        emit({ ...record, n, before, payload: carried })
        before = n
      }
    })
    .keyBy('key')
    .process(counting(checks))
}
