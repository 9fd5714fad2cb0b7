// Counts by key what a generator makes, into files: a job that is changed by its arguments, to be restored or refused.

import { generator, int, job, keyedProcess, path, struct, text, value } from 'weirjs'
import { ndjsonFiles } from 'weirjs/files'

const Numbered = struct('Numbered', { n: int(), key: text() })
const Tally = struct('Tally', { key: text(), count: int() })

const args = {
  output: path(),
  records: int({ default: 4_000 }),
  perSecond: int({ default: 2_000 }),
  uid: text({ default: 'tally' }),
  /** `int` or `text`. */
  type: text({ default: 'int' }),
}

const settings = {
  args,
  checkpoint: { every: '200ms' },
  maxParallelism: 16,
  restart: { strategy: 'none' },
} as const

export default job('tally', settings, (env, { output, records, perSecond, uid, type }) => {
  const counting = keyedProcess({
    uid,
    in: Numbered,
    out: Tally,
    key: text(),
    state: { count: value<number | string>(type === 'int' ? int() : text()) },
    each(_record, { state }) {
      state.count.set(Number(state.count.get() ?? 0) + 1)
    },
    finishKey({ state, key, emit }) {
      emit({ key, count: Number(state.count.get()) })
    },
  })
  const make = (n: number) => ({ n, key: `k${n % 20}` })
  env
    .from(generator({ count: records, perSecond, type: Numbered, make }), { uid: 'numbers' })
    .keyBy('key')
    .process(counting)
    .to(ndjsonFiles(output, Tally), { uid: 'files' })
})
