// Declares an argument that is named like a secret: nobody may run it.

import { discard, fromItems, int, job, struct, text } from 'weirjs'

const One = struct('One', { n: int() })

export default job('with-argument', { args: { dbPassword: text() } }, (env) => {
  env.from(fromItems(One, [{ n: 1 }]), { uid: 'one' }).to(discard(), { uid: 'nowhere' })
})
