import { expect, it } from 'vitest'
import { MEMORY_LOG_EVENTS_MAX, MemoryLog } from './memory-log.ts'

it('gathers events, and drops the oldest beyond its bound', () => {
  const log = new MemoryLog()
  log.warn({ first: true }, 'started')
  for (let i = 0; i < MEMORY_LOG_EVENTS_MAX; i++) log.info({ i }, 'went on')
  expect(log.of('started')).toEqual([])
  expect(log.events).toHaveLength(MEMORY_LOG_EVENTS_MAX)
  expect(log.of('went on')[0]).toEqual({ level: 'info', event: 'went on', fields: { i: 0 } })
})
