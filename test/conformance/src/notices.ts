// A job with every kind of step that can be told how checkpoints ended, and a book of what each of its subtasks was told.

import { job, type JobDefinition } from '@weirjs/api/define-job'
import { keyedProcess, process } from '@weirjs/api/process-definitions'
import { mapState, value } from '@weirjs/api/state'
import { struct } from '@weirjs/api/struct'
import { int, text } from '@weirjs/api/types'
import type { SettingsOptions } from '@weirjs/api/settings'
import { collected } from '@weirjs/connectors/memory/collected'
import { paced } from './paced-source.ts'

export interface Notice {
  readonly kind: 'complete' | 'aborted'
  /** `<operator>/<subtask>`. */
  readonly who: string
  readonly id: number
}

/** Operators of the job that have ears, times two subtasks. */
export const LISTENERS = [
  'chained/0',
  'chained/1',
  'keyed/0',
  'keyed/1',
  'paired/0',
  'paired/1',
  'ruled/0',
  'ruled/1',
] as const

export class Notices {
  readonly all: Notice[] = []

  /** Hooks of one operator in one slot: the build function runs once for each slot, so closures are the slot's. */
  hooksOf(operator: string) {
    let who = `${operator}/not open`
    const write = (kind: Notice['kind'], id: number): void => void this.all.push({ kind, who, id })
    return {
      open: (ctx: { readonly subtask: number }): void => {
        who = `${operator}/${ctx.subtask}`
      },
      onCheckpointComplete: (id: number): void => write('complete', id),
      onCheckpointAborted: (id: number): void => write('aborted', id),
    }
  }

  /** What one subtask was told, in order. */
  ids(kind: Notice['kind'], who: string): readonly number[] {
    return this.all.filter((one) => one.kind === kind && one.who === who).map(({ id }) => id)
  }
}

const Numbered = struct('Numbered', { n: int(), key: text() })

/** Two endless sources, the second in slots of its own, through steps of all kinds into a sink. */
export function noticeJob(notices: Notices, settings: SettingsOptions = {}): JobDefinition {
  return job('notices', { parallelism: 2, ...settings }, (env) => {
    const numbers = () =>
      paced({ type: Numbered, everyMs: 1, make: (n) => ({ n, key: `k${n % 11}` }) })
    const chained = process({
      ...notices.hooksOf('chained'),
      uid: 'chained',
      in: Numbered,
      out: Numbered,
      each: (record, ctx) => ctx.emit(record),
    })
    const keyed = keyedProcess({
      ...notices.hooksOf('keyed'),
      uid: 'keyed',
      in: Numbered,
      out: Numbered,
      state: { count: value(int(), { initial: () => 0 }) },
      each(record, { state, emit }) {
        state.count.set(state.count.get() + 1)
        emit(record)
      },
    })
    const first = env.from(numbers(), { uid: 'first' }).process(chained).keyBy('key').process(keyed)
    const second = env.from(numbers(), { uid: 'second' }).slotSharingGroup('second')
    const paired = first
      .keyBy('key')
      .connect(second.keyBy('key'))
      .process({
        ...notices.hooksOf('paired'),
        uid: 'paired',
        out: Numbered,
        state: { seen: value(int()) },
        each: (record, ctx) => ctx.emit(record),
        second: (record, { state }) => state.seen.set(record.n),
      })
    const rules = second.broadcast(mapState('rules', text(), int()))
    paired
      .connect(rules)
      .process({
        ...notices.hooksOf('ruled'),
        uid: 'ruled',
        out: Numbered,
        each: (record, ctx) => ctx.emit(record),
        control: (rule, { broadcast }) => broadcast.set(rule.key, rule.n),
      })
      .to(collected(Numbered), { uid: 'sink' })
  })
}
