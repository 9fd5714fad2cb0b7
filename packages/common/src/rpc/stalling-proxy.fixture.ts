import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/**
 * A wire that can stop: what a consumer looks like whose loop is in user code. What stops and flows is the first connection:
 * another one only asks whether somebody is there, and may be under way.
 */
export async function stallingProxy(
  target: number,
): Promise<{ port: number; stall(): void; flow(): void; refuse(): void; close(): void }> {
  const downs: Socket[] = []
  const proxy = createServer((socket) => {
    const onward = connect(target, '127.0.0.1')
    downs.push(onward)
    socket.pipe(onward)
    onward.pipe(socket)
    // A reset on either side ends the other: what the test looks at is elsewhere.
    socket.on('error', () => onward.destroy())
    onward.on('error', () => socket.destroy())
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const address = proxy.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    stall: () => downs[0]?.pause(),
    close: () => {
      for (const socket of downs) socket.destroy()
      proxy.close()
    },
    /** Nobody can connect any more; what is connected stays. */
    refuse: () => proxy.close(),
    flow: () => downs[0]?.resume(),
  }
}
