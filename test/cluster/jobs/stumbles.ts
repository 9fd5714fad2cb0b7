// Prints more lines than are kept, then fails once, and ends well after its restart.

import { existsSync, writeFileSync } from 'node:fs'
import { discard, generator, int, job, path, struct } from 'weirjs'

const LINES = 5_000
const Row = struct('Row', { n: int() })

export default job(
  'stumbles',
  {
    args: { once: path() },
    restart: { strategy: 'fixed-delay', attempts: 3, delay: '100ms' },
  },
  (env, { once }) => {
    env
      .from(generator({ count: 10, type: Row, make: (n) => ({ n }) }), { uid: 'rows' })
      .map((row) => {
        if (!existsSync(once)) {
          for (let line = 0; line < LINES; line++) console.log(`line ${line}`)
          writeFileSync(once, '')
          throw new Error('stumbled')
        }
        return row
      })
      .to(discard(), { uid: 'nowhere' })
  },
)
