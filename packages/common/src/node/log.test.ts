import { describe, expect, it } from 'vitest'
import { type LogOptions, createLog } from './log.ts'

function lines(
  options: Omit<LogOptions, 'destination'>,
  use: (log: ReturnType<typeof createLog>) => void,
): unknown[] {
  const written: string[] = []
  use(createLog({ ...options, destination: { write: (line) => void written.push(line) } }))
  return written.map((line) => JSON.parse(line) as unknown)
}

describe('the log of a process', () => {
  it('writes one JSON object per line, with level, time, fields and the event', () => {
    const [line] = lines({ level: 'info', fields: { role: 'jobmanager' } }, (log) => {
      log.info({ checkpointId: 7 }, 'checkpoint completed')
    })
    expect(line).toMatchObject({
      level: 'info',
      role: 'jobmanager',
      checkpointId: 7,
      msg: 'checkpoint completed',
    })
    expect(line).toHaveProperty('time', expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/))
  })

  it('leaves out what is less severe than its level', () => {
    const written = lines({ level: 'warn' }, (log) => {
      log.debug({}, 'a')
      log.info({}, 'b')
      log.warn({}, 'c')
      log.error({}, 'd')
    })
    expect(written).toMatchObject([{ msg: 'c' }, { msg: 'd' }])
  })

  it('masks what is named like a secret, also deeper down', () => {
    const written = lines({ level: 'info' }, (log) => {
      log.info(
        { token: 'canary', request: { credential: 'canary', nested: { password: 'canary' } } },
        'e',
      )
    })
    expect(JSON.stringify(written)).not.toContain('canary')
  })
})
