import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { buildJob } from './build-job.ts'
import { bareCodec } from './declared-type.ts'
import { job } from './define-job.ts'
import type { Environment } from './environment.ts'
import { sampleSink, sampleSource } from './sample-connectors.ts'
import type { Secret } from './secret.ts'
import { int } from './types.ts'

function built(use: (env: Environment) => void) {
  return buildJob(
    job('sample', (env) => {
      use(env)
      env.from(sampleSource(bareCodec(int())), { uid: 'in' }).to(sampleSink(), { uid: 'out' })
    }),
    {},
    0,
  )
}

/** The handle that the build function got, and the job. */
function withSecret(name = 'db-password') {
  const handles: Secret[] = []
  const made = built((env) => void handles.push(env.secret(name), env.secret(name)))
  return { secret: handles[0] as Secret, handles, secrets: made.secrets, graph: made.graph }
}

const held = (value: string) => ({ variables: { WEIR_SECRET_DB_PASSWORD: value }, files: {} })

describe('env.secret', () => {
  it('has its value when the job runs, and is in no graph', () => {
    const { secret, handles, secrets, graph } = withSecret()
    secrets.open(held('hunter22'), 'sample')
    expect(secret.reveal()).toBe('hunter22')
    expect(handles[1]).toBe(secret)
    expect(secrets.names).toEqual(['db-password'])
    expect(JSON.stringify(graph)).not.toContain('hunter22')
  })

  it('shows its name alone, however it is printed', () => {
    const { secret, secrets } = withSecret()
    secrets.open(held('hunter22'), 'sample')
    const printed = [
      inspect(secret),
      inspect({ secret }),
      JSON.stringify({ secret }),
      String(secret),
    ]
    for (const one of printed) {
      expect(one).toContain('secret db-password')
      expect(one).not.toContain('hunter22')
    }
  })

  it('has no value while the job is built', () => {
    expect(() => built((env) => void env.secret('db-password').reveal())).toThrow(
      'the secret "db-password" has no value while the job is built',
    )
  })

  it('is missed by name, with the way out', () => {
    const { secrets } = withSecret()
    const open = (): void => secrets.open({ variables: {}, files: { other: 'x' } }, 'sample')
    expect(open).toThrow('job "sample" needs the secret "db-password"')
    try {
      open()
    } catch (error) {
      expect(error).toMatchObject({ code: 'job/no-secret' })
      expect((error as { hint: string }).hint).toContain('WEIR_SECRET_DB_PASSWORD_FILE')
    }
  })

  it.each(['', '1', 'a b', 'password-file', 'file', '../x', 'x'.repeat(64)])(
    'cannot be %j',
    (name) => {
      expect(() => withSecret(name)).toThrow('a secret cannot be named')
    },
  )
})
