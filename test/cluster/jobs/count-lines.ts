// Counts records by key into exactly-once files, slowly enough to be killed in the middle.

import { generator, int, job, path, struct, text } from 'weirjs'
import { ndjsonFiles } from 'weirjs/files'

const Count = struct('Count', { key: text(), count: int() })

const args = {
  output: path(),
  records: int({ default: 20_000 }),
  perSecond: int({ default: 5_000 }),
}

export default job(
  'count-lines',
  {
    args,
    checkpoint: { every: '250ms' },
    restart: { strategy: 'exponential-delay', initial: '100ms' },
  },
  (env, { output, records, perSecond }) => {
    const source = generator({
      count: records,
      perSecond,
      type: Count,
      make: (n) => ({ key: `k${n % 50}`, count: 1 }),
    })
    env
      .from(source, { uid: 'numbers' })
      .keyBy('key')
      .reduce((a, b) => ({ key: a.key, count: a.count + b.count }), { uid: 'counts' })
      .to(ndjsonFiles(output, Count), { uid: 'files' })
  },
)
