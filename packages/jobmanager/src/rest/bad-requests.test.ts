// The matrix of bad requests: every parameter of every read endpoint is nonsense, in every method. Each is answered by a
// problem with a stable code, without a stack or a path of this machine, and nothing changes. A new endpoint is covered by
// standing in the table of routes.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { countingGraph } from '../core/plan/graph-samples.ts'
import { type RestKit, restKit, TOKEN } from './rest-kit.fixture.ts'
import { REST_ROUTES } from './routes.ts'

let kit: RestKit
let job = ''
beforeAll(async () => {
  kit = await restKit()
  job = await kit.world.submit({}, { ...countingGraph(), name: 'totals' })
  await kit.world.until(job as never, 'RUNNING')
  await kit.world.pass(2_500)
})
afterAll(() => {
  expect(kit.mistakes).toEqual([])
  expect(Object.keys(Object.prototype)).toEqual([])
})

const NONSENSE: readonly string[] = [
  '',
  ' ',
  '0',
  '-1',
  '1.5',
  'NaN',
  '1e309',
  '99999999999999999999',
  '__proto__',
  'constructor',
  'toString',
  '..',
  '../../etc/passwd',
  '..%2f..%2fetc%2fpasswd',
  '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
  '%252e%252e%252fetc',
  '..%c0%af..%c0%afetc',
  '%00',
  'a%00b',
  '%ff%fe',
  '%',
  '%zz',
  '\u202e',
  '<script>alert(1)</script>',
  "' or 1=1 --",
  'a'.repeat(64),
  'a'.repeat(10_000),
  '[]',
  '{}',
  '*',
  '?a=b',
  ';x',
]
const VALUES: Readonly<Record<string, () => string>> = {
  jobid: () => job,
  vertexid: () => 'v1',
  checkpointid: () => '1',
  taskmanagerid: () => 'w1',
}
const STACK_OR_PATH = /\n\s+at |\/src\/|\/node_modules\/|\/dist\/|node:internal|file:\/\//

interface Answer {
  readonly status: number
  readonly text: string
  readonly type: string
}

async function ask(method: string, url: string, payload?: string): Promise<Answer> {
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' }
  const answer = await kit.app.inject({
    method: method as 'GET',
    url,
    headers,
    ...(payload === undefined ? {} : { payload }),
  })
  return { status: answer.statusCode, text: answer.body, type: `${answer.headers['content-type']}` }
}

const parameters = REST_ROUTES.flatMap(({ path }) =>
  [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => ({ path, name })),
)

test('the endpoints have parameters', () => {
  expect(parameters.length).toBeGreaterThan(8)
})

test.each(parameters)('$path: $name', async ({ path, name }) => {
  for (const given of NONSENSE) {
    const url = `/v1${path.replaceAll(/:(\w+)/g, (_all, other: string) => {
      const value = VALUES[other]
      if (value === undefined) throw new Error(`what is ${other}? Say it in VALUES`)
      return other === name ? given : value()
    })}`
    const { status, text, type } = await ask('GET', url)
    expect(text, url).not.toMatch(STACK_OR_PATH)
    // A path with a hole in it may be another endpoint.
    if (status === 200) continue
    expect([400, 404, 409, 414], `${url}: ${status} ${text}`).toContain(status)
    expect(type, url).toContain('application/problem+json')
    expect(JSON.parse(text), url).toMatchObject({
      code: expect.stringMatching(/^[a-z]+\/[a-z-]+$/),
    })
    expect(text.length, url).toBeLessThan(2_000)
  }
})

const DEEP = '['.repeat(100_000) + ']'.repeat(100_000)
describe.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'])('%s', (method) => {
  test.each(REST_ROUTES)('$path changes nothing', async ({ path }) => {
    const url = `/v1${path.replaceAll(/:(\w+)/g, (_all, name: string) => VALUES[name]?.() ?? '?')}`
    for (const payload of [undefined, '{"__proto__":{"a":1}}', '{', DEEP, '\u0000']) {
      const { status, text } = await ask(method, url, payload)
      expect([400, 404, 405, 413, 415], `${method} ${url}: ${status} ${text}`).toContain(status)
      expect(text).not.toMatch(STACK_OR_PATH)
    }
  })
})
