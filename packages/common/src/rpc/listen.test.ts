import { once } from 'node:events'
import { connect, type Server, type Socket } from 'node:net'

import { expect, it } from 'vitest'

import { joinAddress, listen } from './listen.ts'

it.each([
  ['127.0.0.1', '127.0.0.1:80'],
  ['jobmanager', 'jobmanager:80'],
  ['::1', '[::1]:80'],
  ['[::1]', '[::1]:80'],
])('joins %s and a port, as it is dialed', (host, address) => {
  expect(joinAddress(host, 80)).toBe(address)
})

it('goes on listening when the system could not accept a connection', async () => {
  const accepted: Socket[] = []
  const listener = await listen({
    host: '127.0.0.1',
    portRange: { first: 0, last: 0 },
    flag: '--port',
    onConnection: (socket) => accepted.push(socket),
  })
  const first = connect(listener.port, '127.0.0.1')
  await expect.poll(() => accepted.length).toBe(1)
  const { server } = accepted[0] as Socket & { readonly server: Server }
  // As Node says it, when no file descriptor is left, not even the one that libuv keeps for this case.
  server.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }))
  const second = connect(listener.port, '127.0.0.1')
  await expect.poll(() => accepted.length).toBe(2)
  listener.disconnect()
  await Promise.all([once(first, 'close'), once(second, 'close'), listener.close()])
})
