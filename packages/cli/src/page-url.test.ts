import type { ClusterView } from '@weirjs/common/job-client'
import { expect, it } from 'vitest'
import type { Session } from './cli.ts'
import { pageUrl } from './page-url.ts'

const session = { address: 'weir.lan:6123', readKey: 'abc' } as Session
const at = (restAddress: string | null): ClusterView => ({ restAddress }) as ClusterView

it('is where the interface is bound, with the read key', () => {
  expect(pageUrl(session, at('127.0.0.1:8081'))).toBe('http://127.0.0.1:8081/?token=abc')
  expect(pageUrl(session, at('[::1]:8081'), '/jobs/1')).toBe('http://[::1]:8081/?token=abc#/jobs/1')
})

it('is where the JobManager was found when it is bound everywhere', () => {
  expect(pageUrl(session, at('0.0.0.0:8081'))).toBe('http://weir.lan:8081/?token=abc')
  expect(pageUrl(session, at('[::]:8081'))).toBe('http://weir.lan:8081/?token=abc')
})

it('is HTTPS where the interface is', () => {
  expect(pageUrl(session, at('https://127.0.0.1:8081'))).toBe('https://127.0.0.1:8081/?token=abc')
  expect(pageUrl(session, at('https://0.0.0.0:8081'))).toBe('https://weir.lan:8081/?token=abc')
})

it('is nothing where there is no interface', () => {
  expect(pageUrl(session, at(null))).toBeNull()
})
