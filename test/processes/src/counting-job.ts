// The job that is killed: numbered records, counted by key into exactly-once files. Beside it a checker that knows which
// number must come next from each part of the source; what it says must never be said. Written like anybody's job.

import { generator, int, job, keyedProcess, path, struct, text, value } from 'weirjs'
import { ndjsonFiles } from 'weirjs/files'
import { HeapTeller } from './collected-heap.ts'
import { BLOCK_RECORDS, keyOf } from './counting-plan.ts'
import { springTrap } from './trap.ts'

const Numbered = struct('Numbered', { n: int(), key: text(), part: int() })
const Counted = struct('Counted', { n: int(), key: text(), count: int() })
const Alert = struct('Alert', { part: int(), expected: int(), got: int() })

/** A look at the disk costs more than a record. */
const LOOK_EACH_RECORDS = 20

const counter = keyedProcess({
  uid: 'counter',
  in: Numbered,
  out: Counted,
  state: { count: value(int(), { initial: 0 }) },
  each({ n, key }, { state, emit }) {
    const count = state.count.get() + 1
    state.count.set(count)
    emit({ n, key, count })
  },
})

/** Of P parts, each has every P-th block: n + 1 follows n, and P - 1 foreign blocks follow a block. */
const checkerOf = (parts: number) =>
  keyedProcess({
    uid: 'checker',
    in: Numbered,
    out: Alert,
    state: { expected: value(int(), { initial: -1 }) },
    each({ n, part }, { state, emit }) {
      const known = state.expected.get()
      const expected = known < 0 ? part * BLOCK_RECORDS : known
      if (n !== expected) emit({ part, expected, got: n })
      const next = n + 1
      state.expected.set(next % BLOCK_RECORDS === 0 ? next + (parts - 1) * BLOCK_RECORDS : next)
    },
  })

const args = {
  count: int({ help: 'Records in all.' }),
  rate: int({ help: 'Records a second.' }),
  keys: int({ help: 'Different keys.' }),
  parts: int({ help: 'Subtasks of the source.' }),
  out: path({ help: 'Directory for the counts.' }),
  alerts: path({ help: 'Directory for what the checker says.' }),
  trap: text({ default: '', help: 'A file that says how the code is to misbehave, once.' }),
  heaps: text({
    default: '',
    help: 'While this directory is there, threads tell there what they hold.',
  }),
}

export default job('counting', { args }, (env, said) => {
  const { count, rate, keys, parts, out, alerts, trap, heaps } = said
  const teller = new HeapTeller(heaps)
  const make = (n: number): { n: number; key: string; part: number } => {
    if (n % LOOK_EACH_RECORDS === 0) {
      if (trap !== '') springTrap(trap)
      teller.look()
    }
    return { n, key: keyOf(n, keys), part: Math.floor(n / BLOCK_RECORDS) % parts }
  }
  const input = env.from(generator({ count, perSecond: rate, type: Numbered, make }), {
    uid: 'numbers',
    parallelism: parts,
  })
  input.keyBy('key').process(counter).to(ndjsonFiles(out, Counted), { uid: 'counts' })
  input.keyBy('part').process(checkerOf(parts)).to(ndjsonFiles(alerts, Alert), { uid: 'alerts' })
})
