// Wants a secret that no machine has.

import { discard, fromItems, int, job, struct } from 'weirjs'

const One = struct('One', { n: int() })

export default job('without-secret', (env) => {
  const missing = env.secret('nobody-has-it')
  env
    .from(fromItems(One, [{ n: 1 }]), { uid: 'one' })
    .map(({ n }) => ({ n: n + missing.reveal().length }))
    .to(discard(), { uid: 'nowhere' })
})
