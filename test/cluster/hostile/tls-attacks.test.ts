// Each attack on TLS finds out a port that bears what it sends, or one that lets it in.

import { Prng } from '@weirjs/common/core/prng'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makePapers } from './papers.ts'
import { credulous, patient, type StandIn } from './stand-ins.ts'
import { TLS_ATTACKS } from './tls-attacks.ts'

const LETS_NOBODY_WAIT = /^TLS|certificate|token/
const papers = makePapers()
let standIns: { readonly patient: StandIn; readonly credulous: StandIn }

beforeAll(async () => {
  standIns = {
    patient: await patient(),
    credulous: await credulous(papers.believed.jobmanager),
  }
})
afterAll(async () => {
  await standIns.patient.close()
  await standIns.credulous.close()
})

const attack = (name: string, { port }: StandIn): Promise<number> | undefined =>
  TLS_ATTACKS.grpc[name]?.({
    target: { port, speaks: 'grpc', tls: papers.believed.client },
    random: new Prng(1),
    token: 'a token',
    papers,
  })

const names = Object.keys(TLS_ATTACKS.grpc)

describe('a port that lets everybody in', () => {
  test.concurrent.each(names.filter((name) => LETS_NOBODY_WAIT.test(name)))(
    'is found out by %s',
    async (name) => {
      await expect(attack(name, standIns.credulous)).rejects.toThrow(/let in|may call|is called/)
    },
  )
})

describe('a port that bears everybody', () => {
  test.concurrent.each(names.filter((name) => !LETS_NOBODY_WAIT.test(name)))(
    'is found out by %s',
    async (name) => {
      await expect(attack(name, standIns.patient)).rejects.toThrow(/still there|waited for/)
    },
  )
})
