// The attacker's thread: so that what it does costs the honest clients nothing but the processor.

import { parentPort, workerData } from 'node:worker_threads'
import { Prng } from '@weirjs/common/core/prng'
import { type Attack, ATTACKS, type Target } from './attacks.ts'

interface Order {
  readonly target: Target
  readonly attack: string
  readonly seed: number
}

const { token } = workerData as { readonly token: string }

parentPort?.on('message', ({ target, attack, seed }: Order) => {
  const made = run(ATTACKS[target.speaks][attack], target, seed)
  made.then(
    (count) => parentPort?.postMessage({ count }),
    (error: unknown) => parentPort?.postMessage({ problem: String(error) }),
  )
})

async function run(attack: Attack | undefined, target: Target, seed: number): Promise<number> {
  if (attack === undefined) throw new Error('no such attack')
  return attack({ target, random: new Prng(seed), token })
}
