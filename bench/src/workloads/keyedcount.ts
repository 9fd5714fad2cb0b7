// keyedcount (SPEC §5): counts a million keys; each key's count is sent when the input has ended.

import { generator } from '@weirjs/connectors/generator/generator'
import { int, job, keyedProcess, type Source, struct, value } from 'weirjs'
import { KeyStream } from '../inputs/keys.ts'
import { eventNumber } from '../inputs/stream.ts'
import { addKeyRow } from '../rows.ts'
import { hashedRows } from '../sinks/check-sink.ts'
import { marked } from '../sources/marked.ts'
import { benchArguments } from './arguments.ts'

const KeyCount = struct('KeyCount', { key: int(), count: int() })

const countAtEnd = keyedProcess({
  uid: 'count',
  in: int(),
  out: KeyCount,
  key: int(),
  state: { count: value(int()) },
  each: (_key, { state }) => {
    state.count.set((state.count.get() ?? 0) + 1)
  },
  finishKey: ({ key, state, emit }) => emit({ key, count: state.count.get() ?? 0 }),
})

export default job('keyedcount', { args: benchArguments }, (env, args) => {
  const stream = new KeyStream(args.seed)
  const make = (position: number): number => stream.key(eventNumber(position, args.group))
  const source = generator({ make, count: args.events, type: int() }) as Source<number>
  env
    .from(marked(source, args.results), { uid: 'keys' })
    .keyBy((key) => key)
    .process(countAtEnd)
    .to(
      hashedRows<{ readonly key: number; readonly count: number }>(args.results, (hash, row) =>
        addKeyRow(hash, row.key, row.count),
      ),
      { uid: 'check' },
    )
})
