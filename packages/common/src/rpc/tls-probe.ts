// Whether who answers at an address, and is no use without TLS, speaks it: so that the error can say so. Nothing of ours
// is shown; the handshake alone is the answer.

import { isIP } from 'node:net'
import { connect } from 'node:tls'
import type { Scheduler } from '../core/clock.ts'

const ANSWER_MS_MAX = 2_000

export function speaksTls(address: string, scheduler: Scheduler): Promise<boolean> {
  const [, bracketed = '', port = ''] = /^(.*):(\d+)$/.exec(address) ?? []
  const host = bracketed.replace(/^\[(.*)\]$/, '$1')
  return new Promise((resolve) => {
    const socket = connect({
      host,
      port: Number(port),
      ...(isIP(host) === 0 ? { servername: host } : {}),
      // Only asked whether it speaks TLS: nothing is sent, and nothing that it says is believed.
      rejectUnauthorized: false,
      ALPNProtocols: ['h2'],
    })
    const answer = (does: boolean): void => {
      cancelTimer()
      resolve(does)
      socket.destroy()
    }
    const cancelTimer = scheduler.timer(ANSWER_MS_MAX, () => answer(false))
    socket.once('secureConnect', () => answer(true))
    socket.on('error', ({ code = '' }: NodeJS.ErrnoException) => answer(/_ALERT_/.test(code)))
  })
}
