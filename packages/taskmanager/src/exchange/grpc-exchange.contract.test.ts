import { workerId } from '@weirjs/common/core/ids'
import { systemScheduler } from '@weirjs/common/node/system-scheduler'
import { attemptIdentity } from '@weirjs/common/tls/attempt-identity'
import type { Identity } from '@weirjs/common/tls/identity'
import { GrpcTransport } from './grpc-exchange.ts'
import { CONTRACT_CREDENTIAL, describeTransport, type TransportPair } from './transport.contract.ts'

const open = (tls?: Identity): Promise<GrpcTransport> =>
  GrpcTransport.open({
    bindHost: '127.0.0.1',
    ports: { first: 0, last: 0 },
    credential: CONTRACT_CREDENTIAL,
    scheduler: systemScheduler(),
    ...(tls === undefined ? {} : { tls }),
  })

const kinds = [
  ['gRPC', () => undefined],
  ['gRPC over TLS', () => attemptIdentity(CONTRACT_CREDENTIAL)],
] as const

for (const [kind, identity] of kinds) describeTransport(kind, () => pair(identity))

async function pair(identity: () => Identity | undefined): Promise<TransportPair> {
  const producer = await open(identity())
  return {
    producer,
    consumer: await open(identity()),
    endpoint: { workerId: workerId('w1'), slot: 0, dataAddress: producer.address },
    nowhere: { workerId: workerId('w2'), slot: 0, dataAddress: '127.0.0.1:1' },
  }
}
