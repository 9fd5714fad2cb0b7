// New certificates while connections stand: from the next connection on they count, on either side.

import { describe, expect, it } from 'vitest'
import { fromNow, identityOf, makeAuthority } from '../tls/certificates.fixture.ts'
import { roleUri } from '../tls/roles.ts'
import { connectJobManager } from './job-client.ts'
import { authority, cleanup, jobManager, list, of, scheduler, TOKEN } from './tls-kit.contract.ts'

describe('a renewal', () => {
  it('serves new connections, and those that stand go on', async () => {
    const serving = of('jobmanager')
    const { server } = await jobManager(serving)
    const connection = connectJobManager({
      address: server.address,
      token: TOKEN,
      sender: 'test',
      scheduler,
      tls: of('client'),
    })
    cleanup.push(() => connection.close())
    await connection.client.list()
    const next = makeAuthority('the next authority')
    serving.renew(next.issue({ uris: [roleUri('jobmanager')] }), next)
    await expect(connection.client.list()).resolves.toEqual([])
    await expect(list(server.address, of('client'))).rejects.toMatchObject({
      code: 'tls/untrusted',
    })
    await expect(list(server.address, identityOf(next.issue(), next))).resolves.toEqual([])
  })

  it('of who dials counts when it dials again', async () => {
    const { server } = await jobManager(of('jobmanager'))
    const dialing = of('client', { notAfterMs: fromNow(-1) })
    const connection = connectJobManager({
      address: server.address,
      token: TOKEN,
      sender: 'test',
      scheduler,
      tls: dialing,
    })
    cleanup.push(() => connection.close())
    await expect(connection.client.list()).rejects.toMatchObject({ code: 'tls/not-accepted' })
    dialing.renew(authority.issue(), authority)
    const again = async (): Promise<unknown> => {
      for (;;) {
        try {
          return await connection.client.list()
        } catch (error) {
          expect(error).toMatchObject({ code: 'tls/not-accepted' })
        }
      }
    }
    await expect(again()).resolves.toEqual([])
  })
})
