// Has a password from the environment that its TaskManager lets through, and shows that it has it by its length alone.

import { generator, int, job, path, struct } from 'weirjs'
import { ndjsonFiles } from 'weirjs/files'

const Seen = struct('Seen', { n: int(), chars: int() })

export default job('with-password', { args: { output: path() } }, (env, { output }) => {
  const make = (n: number) => ({ n, chars: 0 })
  env
    .from(generator({ count: 10, type: Seen, make }), { uid: 'numbers' })
    .map(({ n }) => {
      const chars = process.env['DB_PASSWORD']?.length ?? 0
      console.log(`a password of ${chars} characters`)
      return { n, chars }
    })
    .to(ndjsonFiles(output, Seen), { uid: 'files' })
})
