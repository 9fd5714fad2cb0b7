// A job that does, in its map step, what its argument says: for tests of what becomes of it, and of its neighbours.

import { discard, generator, int, job, text } from 'weirjs'

const args = { how: text(), at: int({ default: 100 }) }

function misbehave(how: string): void {
  switch (how) {
    case 'throw':
      throw new Error('thrown in map')
    case 'exit':
      return process.exit(7)
    case 'later':
      setTimeout(() => {
        throw new Error('thrown later')
      }, 1)
      return
    case 'fill': {
      const hoard: number[][] = []
      for (;;) hoard.push(new Array<number>(100_000).fill(hoard.length))
    }
    case 'block':
      for (;;) Math.sqrt(2)
    default:
  }
}

export default job(
  'misbehaving',
  { args, restart: { strategy: 'none' }, checkpoint: { every: '200ms' } },
  (env, { how, at }) => {
    env
      .from(generator({ make: (n) => n, perSecond: 1_000 }), { uid: 'numbers' })
      .map((n) => {
        if (n === at) misbehave(how)
        return n
      })
      .to(discard(), { uid: 'nowhere' })
  },
)
