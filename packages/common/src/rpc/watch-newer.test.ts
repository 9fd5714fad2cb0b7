// A JobManager of a newer version tells of things that this one has no word for.

import { Server, ServerCredentials, type ServerWritableStream } from '@grpc/grpc-js'
import { afterEach, expect, test } from 'vitest'
import { systemScheduler } from '../node/system-scheduler.ts'
import { connectJobManager } from './job-client.ts'
import { wireServices } from './load-proto.ts'
import { makeToken } from './token.ts'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

/** A field that no version knows yet, with a message of two bytes in it. */
const UNKNOWN_EVENT = Buffer.from([0xca, 0x3e, 0x02, 0x08, 0x01])

test('a kind of event that is not known is passed over', async () => {
  const { Watch } = wireServices().job
  const server = new Server()
  const known = Watch.responseSerialize({ lostOutput: { lines: 3 } })
  server.addService(
    { Watch: { ...Watch, responseSerialize: (bytes: Buffer) => bytes } },
    {
      Watch: (call: ServerWritableStream<unknown, Buffer>) => {
        for (const message of [UNKNOWN_EVENT, known, UNKNOWN_EVENT]) call.write(message)
        call.end()
      },
    },
  )
  closing.push(() => server.forceShutdown())
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound)
      else reject(error)
    })
  })
  const address = `127.0.0.1:${port}`
  const own = { address, token: makeToken(), scheduler: systemScheduler(), sender: 'a' }
  const connection = connectJobManager({ ...own, tls: undefined })
  closing.push(() => connection.close())
  const told: unknown[] = []
  const { signal } = new AbortController()
  for await (const event of connection.client.watch('0123', signal)) told.push(event)
  expect(told).toEqual([{ type: 'lost-output', lines: 3 }])
})
