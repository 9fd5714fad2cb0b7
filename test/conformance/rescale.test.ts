// A retained checkpoint restored at another parallelism, twice in a row (1 → 3 → 2, 3 → 2 → 4): keyed state and timers,
// operator lists, union lists and broadcast state are exact. And a job that was canceled goes on where it was.

import { job, type JobDefinition } from '@weirjs/api/define-job'
import { keyedProcess, process } from '@weirjs/api/process-definitions'
import { listState, mapState, operatorList, unionList, value } from '@weirjs/api/state'
import { struct } from '@weirjs/api/struct'
import { int, text } from '@weirjs/api/types'
import { outOfOrder } from '@weirjs/api/watermarks'
import type { JobId } from '@weirjs/common/core/ids'
import { collected, type CollectedSink } from '@weirjs/connectors/memory/collected'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { paced } from './src/paced-source.ts'
import { VirtualCluster } from './src/virtual-cluster.ts'

const RECORDS = 1_200
const KEYS = 40
const RULES = 25
const Numbered = struct('Numbered', { n: int(), key: text() })
const Fact = struct('Fact', { about: text(), subtask: int(), key: text(), count: int() })
type Fact = {
  readonly about: string
  readonly subtask: number
  readonly key: string
  readonly count: number
}

const keys = Array.from({ length: KEYS }, (_, k) => `key ${k}`)
const countOf = (k: number, records: number): number => Math.max(0, Math.ceil((records - k) / KEYS))

describe('a checkpoint restored at another parallelism', () => {
  let cluster: VirtualCluster
  let gate: { limit: number; seen: number }

  beforeEach(async () => {
    cluster = await VirtualCluster.start()
    gate = { limit: 0, seen: 0 }
  })
  afterEach(() => cluster.close())

  interface Stateful {
    readonly definition: JobDefinition
    readonly facts: CollectedSink<Fact>
  }

  /** Every kind of state; what they hold in the end is told as facts. */
  function stateful(): Stateful {
    const facts = collected(Fact)
    const settings = { checkpoint: { every: 'off', retained: 100 }, maxParallelism: 16 } as const
    const definition = job('stateful', settings, (env) => {
      const may = (n: number): boolean => n < gate.limit
      const numbers = env.from(
        paced({
          type: Numbered,
          count: RECORDS,
          splits: 12, // enough for everyone
          everyMs: 0.05,
          may,
          make: (n) => ({ n, key: `key ${n % KEYS}` }),
        }),
        { uid: 'numbers', watermarks: outOfOrder(0, (record) => record.n) },
      )
      const listing = process({
        uid: 'listing',
        in: Numbered,
        out: Numbered,
        lists: { own: operatorList(int()), union: unionList(text()) },
        sides: { facts: Fact },
        open({ lists, subtask }) {
          // Everyone knows who was there before, and adds itself.
          lists.union.update([...new Set([...lists.union.get(), `subtask ${subtask}`])])
        },
        each(record, ctx) {
          ctx.lists.own.add(record.n)
          gate.seen += 1
          ctx.emit(record)
        },
        finish({ lists, subtask, output }) {
          for (const n of lists.own.get())
            output.facts({ about: 'own', subtask, key: '', count: n })
          for (const key of lists.union.get())
            output.facts({ about: 'union', subtask, key, count: 0 })
        },
      })
      const keyed = keyedProcess({
        uid: 'keyed',
        in: Numbered,
        out: Fact,
        key: text(),
        state: { count: value(int(), { initial: () => 0 }), numbers: listState(int()) },
        each(record, { state, timers }) {
          state.count.set(state.count.get() + 1)
          state.numbers.add(record.n)
          timers.at(RECORDS + (record.n % KEYS)) // due at the end of all
        },
        timer(time, { key, emit, subtask }) {
          emit({ about: 'timer', subtask, key, count: time - RECORDS })
        },
        finishKey({ state, key, emit, subtask }) {
          emit({ about: 'count', subtask, key, count: state.count.get() })
          emit({ about: 'distinct', subtask, key, count: new Set(state.numbers.get()).size })
        },
      })
      const rules = env
        .from(
          paced({
            type: Numbered,
            count: RULES,
            everyMs: 0.1,
            make: (n) => ({ n, key: `rule ${n}` }),
          }),
          { uid: 'rules', parallelism: 1 },
        )
        .broadcast(mapState('rules', text(), int()))
      const listed = numbers.process(listing)
      const ruled = listed.connect(rules).process({
        uid: 'ruled',
        out: Fact,
        each: () => {},
        control: (rule, { broadcast }) =>
          broadcast.set(rule.key, (broadcast.get(rule.key) ?? 0) + 1),
        finish: ({ broadcast, emit, subtask }) => {
          for (const [key, count] of broadcast.entries())
            emit({ about: 'rule', subtask, key, count })
        },
      })
      listed
        .side('facts')
        .union(ruled, listed.keyBy('key').process(keyed))
        .to(facts, { uid: 'facts' })
    })
    return { definition, facts }
  }

  async function feed(id: JobId, limit: number): Promise<void> {
    const wanted = gate.seen + limit - gate.limit
    gate.limit = limit
    await cluster.when(id, `${limit} records`, () => gate.seen === wanted)
    await cluster.pass(20)
  }

  it.each([[[1, 3, 2]], [[3, 2, 4]], [[2, 2, 2]]])(
    '%j: all state is exact',
    async (parallelisms) => {
      let restoreFrom: string | null = null
      for (const [step, parallelism] of parallelisms.entries()) {
        const { definition } = stateful()
        const options = { settings: { parallelism } }
        const id = await cluster.submit(
          definition,
          restoreFrom === null ? options : { ...options, restoreFrom },
        )
        await feed(id, (step + 1) * 300)
        const { path } = await cluster.triggerCheckpoint(id)
        restoreFrom = path
        expect((await cluster.cancel(id)).state).toBe('CANCELED')
        expect((await cluster.describe(id)).plan.vertices.map((one) => one.parallelism)).toContain(
          parallelism,
        )
      }
      const last = 3
      const { definition, facts } = stateful()
      const id = await cluster.submit(definition, {
        restoreFrom: restoreFrom ?? '',
        settings: { parallelism: last },
      })
      gate.limit = RECORDS
      expect((await cluster.ended(id)).state).toBe('FINISHED')

      const about = (what: string): readonly Fact[] =>
        facts.items.filter((fact) => fact.about === what)
      const byKey = (what: string) =>
        about(what)
          .map(({ key, count }) => `${key}: ${count}`)
          .toSorted()
      const expected = keys.map((key, k) => `${key}: ${countOf(k, RECORDS)}`).toSorted()
      expect(byKey('count')).toEqual(expected)
      expect(byKey('distinct')).toEqual(expected)
      expect(byKey('timer')).toEqual(keys.map((key, k) => `${key}: ${k}`).toSorted())
      // Elements of a list are dealt out: each is somewhere, once.
      const own = about('own').map(({ count }) => count)
      expect(own.toSorted((a, b) => a - b)).toEqual(Array.from({ length: RECORDS }, (_, n) => n))
      // Elements of a union list are known to everyone.
      const lastRun = Array.from({ length: last }, (_, subtask) => subtask)
      const before = Array.from({ length: Math.max(...parallelisms) }, (_, i) => `subtask ${i}`)
      for (const subtask of lastRun) {
        const known = about('union').filter((fact) => fact.subtask === subtask)
        const wanted = new Set([...before, `subtask ${subtask}`])
        expect(known.map(({ key }) => key).toSorted()).toEqual([...wanted].toSorted())
      }
      // Of broadcast state everyone has one copy, and no rule was applied twice.
      for (const subtask of lastRun) {
        const rules = about('rule').filter((fact) => fact.subtask === subtask)
        expect(rules.map(({ key, count }) => `${key}: ${count}`).toSorted()).toEqual(
          Array.from({ length: RULES }, (_, n) => `rule ${n}: 1`).toSorted(),
        )
      }
      // The keys are spread over the subtasks again.
      expect(new Set(about('count').map(({ subtask }) => subtask)).size).toBe(last)
    },
  )

  it('a union list some of whose owners have ended is not dealt out anew, and the reason is told', async () => {
    const definition = job('ended-union', { checkpoint: { every: 'off' } }, (env) => {
      const listing = process({
        uid: 'listing',
        in: Numbered,
        out: Numbered,
        lists: { union: unionList(int()) },
        open: ({ lists, subtask }) => lists.union.add(subtask),
        each: (record, ctx) => ctx.emit(record),
      })
      // One split for two readers: the second one has ended from the start.
      env
        .from(
          paced({
            type: Numbered,
            splits: 1,
            make: (n) => ({ n, key: '' }),
            count: RECORDS,
            everyMs: 1,
          }),
          { uid: 'numbers' },
        )
        .process(listing)
        .to(collected(Numbered), { uid: 'sink' })
    })
    const id = await cluster.submit(definition, { settings: { parallelism: 2 } })
    await cluster.pass(100)
    const { path } = await cluster.triggerCheckpoint(id)
    await cluster.cancel(id)
    const restoreFrom = path ?? ''
    await expect(
      cluster.submit(definition, { restoreFrom, settings: { parallelism: 3 } }),
    ).rejects.toMatchObject({
      code: 'restore/partly-ended',
      message: expect.stringContaining('1 of 2 subtasks of operator listing') as string,
    })
    // As it was, it goes on.
    const next = await cluster.submit(definition, { restoreFrom, settings: { parallelism: 2 } })
    expect((await cluster.ended(next)).state).toBe('FINISHED')
  })

  it('any retained checkpoint can be gone back to, by path, by id, and by job', async () => {
    const first = stateful()
    const settings = { parallelism: 2 }
    const id = await cluster.submit(first.definition, { settings })
    const paths: string[] = []
    for (const limit of [100, 200, 300]) {
      await feed(id, limit)
      paths.push((await cluster.triggerCheckpoint(id)).path ?? '')
    }
    await cluster.cancel(id)

    // Below: where each restore begins, as the numbers that it still lets through.
    const named = [
      { restoreFrom: paths[0] ?? '', begins: 100 },
      { restoreFrom: `${id}/chk-2`, begins: 200 },
      { restoreFrom: id, begins: 300 },
    ]
    for (const { restoreFrom, begins } of named) {
      const again = stateful()
      gate.limit = 0
      gate.seen = 0
      const next = await cluster.submit(again.definition, {
        restoreFrom,
        settings: { parallelism: 3 },
      })
      gate.limit = RECORDS
      expect((await cluster.ended(next)).state).toBe('FINISHED')
      expect(gate.seen).toBe(RECORDS - begins)
      const counts = again.facts.items.filter(({ about }) => about === 'count')
      expect(counts.reduce((sum, { count }) => sum + count, 0)).toBe(RECORDS)
    }
  })
})
