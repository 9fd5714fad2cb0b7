import { createServer } from 'node:net'
import { expect, it } from 'vitest'
import { freePort } from './free-port.ts'

it('draws below those that the system gives, and takes none that is refused', async () => {
  const seen = new Set<number>()
  for (let i = 0; i < 20; i++) {
    const port = await freePort({
      givenFirst: 20_000,
      refuses: (one) => one < 15_000 || seen.has(one),
    })
    expect(port).toBeGreaterThanOrEqual(15_000)
    expect(port).toBeLessThan(20_000)
    seen.add(port ?? 0)
  }
  expect(seen.size).toBe(20)
})

it('asks the system where it gives nearly all of them', async () => {
  const seen = new Set<number | null>()
  for (let i = 0; i < 10; i++) seen.add(await freePort({ givenFirst: 10_241 }))
  expect(seen.size).toBeGreaterThan(1)
  expect(seen).not.toContain(null)
})

it('finds none where all are refused', async () => {
  expect(await freePort({ refuses: () => true })).toBeNull()
})

it('takes none that somebody listens on', async () => {
  const port = (await freePort()) ?? 0
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  // Of those that are left, only this one is wanted.
  expect(await freePort({ givenFirst: port + 1, refuses: (one) => one !== port })).toBeNull()
  await new Promise((resolve) => server.close(resolve))
})
