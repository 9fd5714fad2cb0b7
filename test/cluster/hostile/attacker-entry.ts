// The attacker's thread: so that what it does costs the honest clients nothing but the processor.

import { parentPort, workerData } from 'node:worker_threads'
import { Prng } from '@weirjs/common/core/prng'
import { ATTACKS, type Target } from './attacks.ts'
import type { Papers } from './papers.ts'
import { TLS_ATTACKS, type TlsAttack } from './tls-attacks.ts'

export interface AttackerData {
  readonly token: string
  /** null: the cluster goes without TLS. */
  readonly papers: Papers | null
}

export interface Order {
  readonly target: Target
  readonly attack: string
  readonly seed: number
}

const { token, papers } = workerData as AttackerData

parentPort?.on('message', (order: Order) => {
  run(order).then(
    (count) => parentPort?.postMessage({ count }),
    (error: unknown) => parentPort?.postMessage({ problem: String(error) }),
  )
})

async function run({ target, attack: name, seed }: Order): Promise<number> {
  const means = { target, random: new Prng(seed), token }
  const attack = ATTACKS[target.speaks][name]
  if (attack !== undefined) return attack(means)
  const door: TlsAttack | undefined = TLS_ATTACKS[target.speaks][name]
  if (door === undefined || papers === null) throw new Error('no such attack')
  return door({ ...means, papers })
}
