// The stages of graphs by chance: each lets every record through once, by another kind of edge or step.

import type { DataStream } from '@weirjs/api/data-stream'
import type { Environment } from '@weirjs/api/environment'
import { process } from '@weirjs/api/process-definitions'
import { mapState } from '@weirjs/api/state'
import { int } from '@weirjs/api/types'
import { numberingOf } from './numbering.ts'
import type { Stage, WorkloadOptions } from './options.ts'
import { type Alert, type Numbered, numbered } from './records.ts'
import { ruleSource } from './sources.ts'
import { passing } from './steps.ts'

/** What a stream has become behind some stages. */
interface Staged {
  readonly stream: DataStream<Numbered>
  readonly alerts: readonly DataStream<Alert>[]
}

export function throughStages(
  env: Environment,
  options: WorkloadOptions,
  input: DataStream<Numbered>,
): Staged {
  const { stages } = options
  const alerts: DataStream<Alert>[] = []
  const stream = stages.reduce((before, stage, i) => {
    const behind = through({ env, options, stage, uid: `${stage}-${i}` }, before)
    alerts.push(...behind.alerts)
    return behind.stream
  }, input)
  return { stream, alerts }
}

/** With a declared type, unless the workload does without. */
export const typed = (
  stream: DataStream<Numbered>,
  { dynamic }: WorkloadOptions,
): DataStream<Numbered> => (dynamic ? stream : stream.returns(numbered))

interface Step {
  readonly env: Environment
  readonly options: WorkloadOptions
  readonly stage: Stage
  readonly uid: string
}

function through(step: Step, input: DataStream<Numbered>): Staged {
  const { options, stage, uid } = step
  const silent = (stream: DataStream<Numbered>): Staged => ({ stream, alerts: [] })
  switch (stage) {
    case 'map':
      return silent(
        typed(
          input.map((record) => ({ ...record })),
          options,
        ),
      )
    case 'spread':
      return silent(spread(input, options))
    case 'keyed': {
      const stream = input.keyBy('key').process({ ...passing(numberingOf(options).totals), uid })
      return { stream, alerts: [stream.side('alerts')] }
    }
    case 'diamond':
      return diamond(input, options, uid)
    case 'connect':
      return silent(joined(input, uid))
    case 'broadcast':
      return silent(told(step, input))
    case 'side':
      return silent(sidestepped(input, uid))
  }
}

export function spread<T>(stream: DataStream<T>, options: WorkloadOptions): DataStream<T> {
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

/** Two ways of which each record goes one; where they meet again, barriers of both must. */
export function diamond(
  input: DataStream<Numbered>,
  options: WorkloadOptions,
  name: string,
): Staged {
  const even = input.filter((record) => record.n % 2 === 0).rebalance()
  const odd = input
    .filter((record) => record.n % 2 !== 0)
    .keyBy('key')
    .process({ ...passing(numberingOf(options).odds), uid: `${name}-odd` })
  return { stream: even.union(odd), alerts: [odd.side('alerts')] }
}

/** Two halves of a stream as two inputs of one keyed step. */
function joined(input: DataStream<Numbered>, uid: string): DataStream<Numbered> {
  return input
    .filter((record) => record.n % 2 === 0)
    .keyBy('key')
    .connect(input.filter((record) => record.n % 2 !== 0).keyBy('key'))
    .process({
      uid,
      out: numbered,
      each: (record, ctx) => ctx.emit(record),
      second: (record, ctx) => ctx.emit(record),
    })
}

/** Beside a broadcast map, which nobody needs. */
function told({ env, options, uid }: Step, input: DataStream<Numbered>): DataStream<Numbered> {
  const control = ruleSource(env, options, `${uid}-rules`)
  return input
    .keyBy('key')
    .connect(control.broadcast(mapState('rules', int(), int())))
    .process({
      uid,
      out: numbered,
      each: (record, ctx) => ctx.emit(record),
      control: (one, ctx) => ctx.broadcast.set(one.id, one.factor),
    })
}

/** Odd numbers go through a side output, and come back. */
function sidestepped(input: DataStream<Numbered>, uid: string): DataStream<Numbered> {
  const parted = input.process(
    process({
      uid,
      in: numbered,
      out: numbered,
      sides: { odd: numbered },
      each(record, ctx) {
        if (record.n % 2 === 0) ctx.emit(record)
        else ctx.output.odd(record)
      },
    }),
  )
  return parted.union(parted.side('odd'))
}
