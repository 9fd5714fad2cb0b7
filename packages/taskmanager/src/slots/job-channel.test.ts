import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, expect, test } from 'vitest'
import { HostEnd } from './job-channel.ts'
import { COMMAND_BYTES_MAX } from './message-frames.ts'
import type { HostCommand } from './protocol.ts'

const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

interface Scene {
  readonly host: HostEnd
  readonly ended: Promise<string>
  readonly deaf: Promise<string>
  end(): void
}

/** A process that neither reads nor writes. */
function scene(): Scene {
  const child = spawn('sleep', ['600'], { stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'] })
  const end = (): void => void child.kill('SIGKILL')
  ends.push(end)
  const ended = Promise.withResolvers<string>()
  const deaf = Promise.withResolvers<string>()
  const host = new HostEnd(child, {
    heard: () => {},
    nonsense: () => {},
    ended: ended.resolve,
    deaf: deaf.resolve,
  })
  return { host, ended: ended.promise, deaf: deaf.promise, end }
}

const command = (bytes: number): HostCommand =>
  ({ type: 'slot', slot: 0, command: { type: 'deploy', more: 'x'.repeat(bytes) } }) as never

test('who does not read has some commands waiting, and no more', async () => {
  const { host, deaf } = scene()
  for (let bytes = 0; bytes <= COMMAND_BYTES_MAX; bytes += COMMAND_BYTES_MAX / 4)
    host.send(command(COMMAND_BYTES_MAX / 4))
  host.send({ type: 'probe', id: 1 })
  expect(await deaf).toMatch(/has left \d+ bytes unread/)
})

test('a command that is too long is refused', () => {
  const { host } = scene()
  expect(() => host.send(command(COMMAND_BYTES_MAX))).toThrow(
    expect.objectContaining({ code: 'job/message-too-large' }),
  )
})

test('the end of the process is heard, and what is said to it then goes nowhere', async () => {
  const { host, ended, end } = scene()
  end()
  expect(await ended).toMatch(/closed a pipe|ECONNRESET|EPIPE/)
  host.send({ type: 'probe', id: 1 })
})

test('a process that could not be started has no pipes', async () => {
  const child = spawn('/nowhere/at-all', [], { stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'] })
  const ended = Promise.withResolvers<string>()
  const host = new HostEnd(child, {
    heard: () => {},
    nonsense: () => {},
    ended: ended.resolve,
    deaf: () => {},
  })
  host.send({ type: 'probe', id: 1 })
  await once(child, 'error')
  expect(await ended.promise).not.toBe('')
})
