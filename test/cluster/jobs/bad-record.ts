// Makes one record that cannot travel, between two that can: `wide` is larger than a record may be, `function` is no data.

import { discard, fromItems, int, job, text } from 'weirjs'

const MIB = 1_024 * 1_024
const args = { kind: text() }

export default job('bad-record', { args, restart: { strategy: 'none' } }, (env, { kind }) => {
  const make = (n: number): unknown => {
    if (n !== 65) return 'x'
    return kind === 'wide' ? 'x'.repeat(n * MIB) : { callback: () => n }
  }
  env
    .from(fromItems(int(), [1, 65, 1]), { uid: 'numbers' })
    .map(make)
    .named('making')
    .broadcast() // to another slot too, so that it has to be written
    .to(discard(), { uid: 'nowhere' })
})
