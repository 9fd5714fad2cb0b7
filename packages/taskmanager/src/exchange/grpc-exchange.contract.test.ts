import { workerId } from '@weirjs/common/core/ids'
import { systemScheduler } from '@weirjs/common/node/system-scheduler'
import { GrpcTransport } from './grpc-exchange.ts'
import { CONTRACT_CREDENTIAL, describeTransport } from './transport.contract.ts'

const open = (): Promise<GrpcTransport> =>
  GrpcTransport.open({
    bindHost: '127.0.0.1',
    ports: { first: 0, last: 0 },
    credential: CONTRACT_CREDENTIAL,
    scheduler: systemScheduler(),
  })

describeTransport('gRPC', async () => {
  const producer = await open()
  return {
    producer,
    consumer: await open(),
    endpoint: { workerId: workerId('w1'), slot: 0, dataAddress: producer.address },
    nowhere: { workerId: workerId('w2'), slot: 0, dataAddress: '127.0.0.1:1' },
  }
})
