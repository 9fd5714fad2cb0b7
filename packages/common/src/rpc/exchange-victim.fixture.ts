// A process to be killed by exchange.test.ts: `produce <credential>` listens, prints its address and answers credit
// with one frame; `consume <credential> <address>` connects, grants one byte and stays.

import { attempt, jobId, leaderEpoch, workerId } from '../core/ids.ts'
import { systemScheduler } from '../node/system-scheduler.ts'
import { connectExchange } from './exchange-client.ts'
import { serveExchange } from './exchange-server.ts'

const [role, credential = '', address = ''] = process.argv.slice(2)

if (role === 'produce') {
  const server = await serveExchange({
    host: '127.0.0.1',
    portRange: { first: 0, last: 0 },
    credential,
    accept: (_open, connection) => ({
      onChannel: () => {},
      onCredit: (channel) => {
        connection.send(channel, Uint8Array.of(1))
      },
      onHint: () => {},
      onDrain: () => {},
      onLost: () => process.exit(0),
    }),
  })
  process.stdout.write(`${server.address}\n`)
} else {
  const consumer = connectExchange({
    address,
    scheduler: systemScheduler(),
    open: {
      fence: { jobId: jobId('ab'.repeat(16)), epoch: leaderEpoch(1), attempt: attempt(1) },
      credential,
      consumerSlot: { workerId: workerId('victim'), index: 0 },
      channels: ['e0:0:0'],
    },
    onFrame: () => {},
    onLost: () => process.exit(0),
  })
  consumer.credit(0, 1)
  process.stdout.write('consuming\n')
}
