// Has secrets of its machine, and shows that it has them by their lengths. Its first record is told to quote them: to the
// console, and in an error, as a driver may.

import { existsSync, writeFileSync } from 'node:fs'
import { generator, int, job, path, struct } from 'weirjs'
import { ndjsonFiles } from 'weirjs/files'

const Seen = struct('Seen', { n: int(), chars: int(), own: int() })

export default job(
  'with-secrets',
  {
    args: { output: path(), once: path() },
    restart: { strategy: 'fixed-delay', attempts: 3, delay: '100ms' },
  },
  (env, { output, once }) => {
    const password = env.secret('db-password')
    const key = env.secret('api_key')
    const filed = env.secret('filed')
    const make = (n: number) => ({ n, chars: 0, own: 0 })
    env
      .from(generator({ count: 10, type: Seen, make }), { uid: 'numbers' })
      .map(({ n }) => {
        if (!existsSync(once)) {
          writeFileSync(once, '')
          console.log(`it is ${password.reveal()}, kept as ${String(password)}`)
          process.stderr.write(`and ${key.reveal()} of ${filed.reveal()}\n`)
          throw new Error(`no login with ${password.reveal()}`)
        }
        const named = Object.keys(process.env).filter((name) => name.startsWith('WEIR_SECRET_'))
        const secrets = [password, key, filed].map((one) => one.reveal())
        return { n, chars: secrets.join('').length, own: named.length }
      })
      .to(ndjsonFiles(output, Seen), { uid: 'files' })
  },
)
