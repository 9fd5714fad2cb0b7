import { workerId } from '@weirjs/common/core/ids'
import { MessageChannel } from 'node:worker_threads'
import { PortTransport } from './port-exchange.ts'
import { describeTransport } from './transport.contract.ts'

const worker = workerId('w1')

describeTransport('message port', async () => {
  const { port1, port2 } = new MessageChannel()
  return {
    producer: new PortTransport({
      ports: [{ peer: { workerId: workerId('w-consumer'), index: 1 }, port: port2 }],
    }),
    consumer: new PortTransport({ ports: [{ peer: { workerId: worker, index: 0 }, port: port1 }] }),
    endpoint: { workerId: worker, slot: 0, dataAddress: '' },
    nowhere: { workerId: worker, slot: 7, dataAddress: '' },
  }
})
