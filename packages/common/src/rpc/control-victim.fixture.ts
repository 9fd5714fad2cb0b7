// A process to be killed by killed.test.ts: `coordinate <token>` is a JobManager that prints its address,
// `work <token>` a worker that does, `attach <token> <address>` a worker that registers and says so.

import { systemScheduler } from '../node/system-scheduler.ts'
import { connectCoordinator } from './coordinator-client.ts'
import { coordinatorService } from './coordinator-server.ts'
import { RecordingCoordinator, RecordingWorker, REGISTRATION } from './samples.fixture.ts'
import { serve } from './serve.ts'
import { workerService } from './worker-server.ts'

const [role, token = '', address = ''] = process.argv.slice(2)
const scheduler = systemScheduler()

if (role === 'attach') {
  const { gateway } = connectCoordinator({
    address,
    token,
    workerId: REGISTRATION.workerId,
    scheduler,
    onLost: () => process.exit(0),
  })
  await gateway.register(REGISTRATION)
  process.stdout.write('attached\n')
} else {
  const service =
    role === 'work'
      ? workerService(new RecordingWorker())
      : coordinatorService({ gateway: new RecordingCoordinator(), onWorkerLost: () => {} })
  const server = await serve({ port: 0, flag: '--port', token, scheduler, services: [service] })
  process.stdout.write(`${server.address}\n`)
}
