// What strangers could send to a data port: messages of the exchange that are none. Refused with a WeirError, soon.

import { attack, type Decoder, tell } from '../codec/hostile.contract.ts'
import { PROPERTY_SEED, runs } from '../codec/runs.contract.ts'
import { attempt, jobId, leaderEpoch, workerId } from '../core/ids.ts'
import { expect, test } from 'vitest'
import {
  decodeUp,
  downBytes,
  eachFrame,
  encodeClosing,
  encodeOpen,
  encodeUp,
  writeDown,
} from './exchange-wire.ts'

const CASES = runs(10_000, 1_000_000)
const CHANNELS = 4

function down(frames: readonly Uint8Array[]): Uint8Array {
  const message = Buffer.alloc(frames.reduce((sum, frame) => sum + downBytes(frame), 0))
  let at = 0
  for (const [i, frame] of frames.entries()) at = writeDown(message, at, i % CHANNELS, frame)
  return message
}

const frame = (bytes: number): Uint8Array => new Uint8Array(bytes).fill(7)
const decoders: readonly Decoder[] = [
  {
    name: 'frames down',
    samples: [down([frame(3)]), down([frame(0), frame(200), frame(20)]), down([frame(40_000)])],
    read: (bytes) => {
      const seen: number[] = []
      eachFrame(Buffer.from(bytes), CHANNELS, (channel) => seen.push(channel))
      return seen
    },
  },
  {
    name: 'messages up',
    samples: [
      encodeOpen({
        fence: { jobId: jobId('a'.repeat(32)), epoch: leaderEpoch(2), attempt: attempt(3) },
        credential: '',
        consumerSlot: { workerId: workerId('w'), index: 3 },
        channels: ['e0:0:1', 'e1:2:3'],
      }),
      encodeUp(['e0:0:1'], new Map([[0, 70_000]]), new Set([0, 1, 300])),
      encodeClosing(),
    ],
    read: (bytes) => {
      const seen: unknown[] = []
      const see = (value: unknown): void => void seen.push(value)
      decodeUp(bytes, 'secret', {
        onOpen: see,
        onChannel: see,
        onCredit: see,
        onHint: see,
        onClosing: () => see('closing'),
      })
      return seen
    },
  },
]

test.each(decoders.map((decoder) => [decoder.name, decoder] as const))(
  'hostile bytes are read or refused: %s',
  (_name, decoder) => {
    const report = attack(decoder, CASES, PROPERTY_SEED)
    if (CASES >= 100_000) console.log(tell(report))
    expect(report.refused).toBeGreaterThan(0)
  },
  600_000,
)
