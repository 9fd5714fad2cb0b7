import { dynamicCodec } from '@weirjs/common/codec/dynamic-codec'
import { intCodec, textCodec } from '@weirjs/common/codec/primitives'
import type { LogicalEdge, LogicalNode } from '@weirjs/common/core/graph/logical-graph'
import { describe, expect, it } from 'vitest'
import { buildJob } from './build-job.ts'
import type { BuiltJob } from './built-job.ts'
import { job } from './define-job.ts'
import type { Environment } from './environment.ts'
import { keyedProcess, process } from './process-definitions.ts'
import { sampleSink, sampleSource } from './sample-connectors.ts'
import { mapState, operatorList, value } from './state.ts'
import { struct } from './struct.ts'
import { dynamic, int, text, timestamp } from './types.ts'
import { outOfOrder } from './watermarks.ts'

const Login = struct('Login', { user: text(), time: timestamp(), visits: int() })
const Rule = struct('Rule', { word: text(), limit: int() })

const build = (fn: (env: Environment) => void): BuiltJob => buildJob(job('sample', fn), {}, 0)
const logins = (env: Environment) => env.from(sampleSource(Login), { uid: 'logins' })
const out = { uid: 'out' } as const
const nodeOf = (built: BuiltJob, id: string): LogicalNode =>
  built.graph.nodes.find((node) => node.id === id) ?? expect.unreachable(`no node ${id}`)
const edgeInto = (built: BuiltJob, id: string, input = 0): LogicalEdge =>
  built.graph.edges.find((edge) => edge.to === id && edge.input === input) ??
  expect.unreachable(`no edge into ${id}`)

const counter = keyedProcess({
  uid: 'counter',
  in: Login,
  out: int(),
  key: text(),
  state: { seen: value(int(), { initial: 0 }), cache: value(int(), { checkpointed: false }) },
  sides: { late: text() },
  each(login, { state, emit, output }) {
    state.seen.set(state.seen.get() + login.visits)
    emit(state.seen.get())
    output.late(login.user)
  },
})

describe('DataStream', () => {
  it('makes two nodes of a source, joined by assignments', () => {
    const built = build((env) => logins(env).to(sampleSink(), out))
    expect(built.graph.nodes.map((node) => [node.id, node.kind, node.parallelism])).toEqual([
      ['logins', 'source-reader', undefined],
      ['logins:splits', 'source-enumerator', 1],
      ['out', 'sink', undefined],
    ])
    expect(edgeInto(built, 'logins')).toMatchObject({
      from: 'logins:splits',
      partitioning: { kind: 'assign' },
      keyed: false,
    })
    expect(edgeInto(built, 'out').partitioning).toEqual({ kind: 'forward' })
    expect(nodeOf(built, 'logins')).toMatchObject({ bounded: true, explicitUid: true })
  })

  it('gives the type of returns to what follows from there, and to nobody else', () => {
    const User = struct('User', { user: text() })
    const built = build((env) => {
      const all = logins(env)
      all.rebalance().to(sampleSink(), { uid: 'before' })
      all.returns(User).rebalance().to(sampleSink(), { uid: 'users' })
      all.rebalance().to(sampleSink(), { uid: 'behind' })
    })
    const fieldsInto = (id: string): readonly string[] => {
      const { fields } = edgeInto(built, id).codec.schema as { fields: readonly { name: string }[] }
      return fields.map(({ name }) => name)
    }
    expect(fieldsInto('users')).toEqual(['user'])
    expect(fieldsInto('before')).toEqual(['user', 'time', 'visits'])
    expect(fieldsInto('behind')).toEqual(['user', 'time', 'visits'])
  })

  it('gives every edge the declared codec, and undeclared records the dynamic one', () => {
    const built = build((env) => {
      const mapped = logins(env).map((login) => ({ user: login.user }))
      mapped.filter((record) => record.user !== '').to(sampleSink(), out)
      logins2(env).to(sampleSink(), { uid: 'out2' })
    })
    const names = built.graph.edges.map((edge) => `${edge.from} → ${edge.to}: ${edge.codec.name}`)
    expect(names).toContain('logins → map:2: struct')
    expect(names).toContain('map:2 → filter:3: dynamic')
    expect(names).toContain('filter:3 → out: dynamic')
    expect(names).toContain('map:7 → out2: struct')
    expect(built.functions.edges.map((edge) => edge.codec.descriptor)).toEqual(
      built.graph.edges.map((edge) => edge.codec),
    )
  })

  it('keys by a field or a function', () => {
    const built = build((env) => {
      const stream = logins(env)
      stream.keyBy('user').process(counter).to(sampleSink(), out)
      stream
        .keyBy((login) => login.visits % 2)
        .count({ uid: 'parity' })
        .to(sampleSink(), { uid: 'out2' })
    })
    const byField = built.functions.edges[built.graph.edges.indexOf(edgeInto(built, 'counter'))]
    const key = byField?.key as (login: unknown) => unknown
    expect(byField?.keyField).toBe('user')
    expect(key({ user: 'ann' })).toBe('ann')
    expect(edgeInto(built, 'counter')).toMatchObject({
      partitioning: { kind: 'hash' },
      keyed: true,
    })
    const byFunction = built.functions.edges[built.graph.edges.indexOf(edgeInto(built, 'parity'))]
    const parity = byFunction?.key as (login: unknown) => unknown
    expect(parity({ visits: 7 })).toBe(1)
    expect(byFunction?.keyField).toBeUndefined()
  })

  it('puts declared state into the graph, but not what is not checkpointed', () => {
    const built = build((env) => logins(env).keyBy('user').process(counter).to(sampleSink(), out))
    expect(nodeOf(built, 'counter').state).toEqual([
      { name: 'seen', kind: 'value', codec: intCodec.descriptor },
    ])
    const runtime = built.functions.nodes.get('counter')
    expect(runtime?.kind === 'keyed-process' && runtime.state.map((each) => each.name)).toEqual([
      'seen',
      'cache',
    ])
  })

  it('opens typed side outputs', () => {
    const built = build((env) => {
      const counted = logins(env).keyBy('user').process(counter)
      counted.side('late').to(sampleSink(), { uid: 'late' })
      const { good, bad } = logins2(env).split({ good: Rule, bad: text() }, (record, to) => {
        if (record.limit > 0) to.good(record)
        else to.bad(record.word)
      })
      good.to(sampleSink(), { uid: 'good' })
      bad.to(sampleSink(), { uid: 'bad' })
    })
    expect(edgeInto(built, 'late')).toMatchObject({ output: 'late', codec: textCodec.descriptor })
    expect(edgeInto(built, 'good').codec.name).toBe('struct')
    expect(edgeInto(built, 'bad')).toMatchObject({ output: 'bad', codec: { name: 'text' } })
  })

  it('calls the functions of split with its outputs', () => {
    const built = build((env) => {
      const { short } = logins(env).split({ short: text() }, (login, to) => to.short(login.user), {
        uid: 's',
      })
      short.to(sampleSink(), out)
    })
    const runtime = built.functions.nodes.get('s')
    const sent: string[] = []
    if (runtime?.kind === 'process')
      runtime.functions.each({ user: 'ann' }, { output: { short: (x: string) => sent.push(x) } })
    expect(sent).toEqual(['ann'])
  })

  it('routes records by every partitioning', () => {
    const built = build((env) => {
      const stream = logins(env)
      stream.rebalance().to(sampleSink(), { uid: 'rebalance' })
      stream.rescale().to(sampleSink(), { uid: 'rescale' })
      stream.shuffle().to(sampleSink(), { uid: 'shuffle' })
      stream.broadcast().to(sampleSink(), { uid: 'broadcast' })
      stream.global().to(sampleSink(), { uid: 'global' })
      stream.partitionCustom('user', (key, n) => key.length % n).to(sampleSink(), { uid: 'custom' })
      stream.to(sampleSink(), { uid: 'rebalance-by-parallelism', parallelism: 3 })
    })
    for (const kind of ['rebalance', 'rescale', 'shuffle', 'broadcast', 'global', 'custom']) {
      expect(edgeInto(built, kind).partitioning).toEqual({ kind })
    }
    expect(edgeInto(built, 'rebalance-by-parallelism').partitioning).toEqual({ kind: 'rebalance' })
    const custom = built.functions.edges[built.graph.edges.indexOf(edgeInto(built, 'custom'))]
    expect(custom?.partition?.('abcd', 3)).toBe(1)
  })

  it('joins streams by union and by connect', () => {
    const built = build((env) => {
      const all = logins(env).union(env.from(sampleSource(Login), { uid: 'more' }))
      all.filter(() => true).to(sampleSink(), out)
      all
        .keyBy('user')
        .connect(logins2(env).keyBy('word'))
        .process({
          uid: 'both',
          out: text(),
          state: { last: value(text()) },
          each: (login, { state }) => state.last.set(login.user),
          second: (rule, { state, emit }) => emit(`${rule.word} ${state.last.get()}`),
        })
        .to(sampleSink(), { uid: 'out2' })
    })
    const filter = built.graph.nodes.find((node) => node.kind === 'filter')
    const joined = built.graph.edges.filter((edge) => edge.to === filter?.id)
    expect(joined.map((edge) => edge.from)).toEqual(['logins', 'more'])
    expect(joined.map((edge) => edge.codec.name)).toEqual(['struct', 'struct'])
    expect(
      built.graph.edges
        .filter((edge) => edge.to === 'both')
        .map((edge) => [edge.input, edge.keyed]),
    ).toEqual([
      [0, true],
      [0, true],
      [1, true],
    ])
  })

  it('connects keyed data with a broadcast map', () => {
    const built = build((env) => {
      const rules = logins2(env).broadcast(mapState('rules', text(), Rule))
      logins(env)
        .keyBy('user')
        .connect(rules)
        .process({
          uid: 'checked',
          out: text(),
          each: (login, { broadcast, emit, key }) =>
            emit(`${key} ${broadcast.get(login.user)?.limit}`),
          control: (rule, { broadcast }) => broadcast.set(rule.word, rule),
        })
        .to(sampleSink(), out)
    })
    expect(edgeInto(built, 'checked', 1).partitioning).toEqual({ kind: 'broadcast' })
    const runtime = built.functions.nodes.get('checked')
    expect(runtime).toMatchObject({
      kind: 'broadcast-process',
      broadcast: { name: 'rules', keyCodec: textCodec },
    })
    expect(runtime?.kind === 'broadcast-process' && typeof runtime.functions.second).toBe(
      'function',
    )
  })

  it('applies settings to the step before them', () => {
    const built = build((env) => {
      logins(env)
        .named('who came')
        .parallelism(2)
        .slotSharingGroup('reading')
        .map((login) => login.user)
        .named('names')
        .parallelism(4)
        .maxParallelism(8)
        .startNewChain()
        .to(sampleSink(), out)
    })
    expect(nodeOf(built, 'logins')).toMatchObject({ name: 'who came', parallelism: 2 })
    expect(nodeOf(built, 'logins:splits')).toMatchObject({
      name: 'who came splits',
      slotSharingGroup: 'reading',
    })
    expect(nodeOf(built, 'map:2')).toMatchObject({
      name: 'names',
      parallelism: 4,
      maxParallelism: 8,
      chaining: 'head',
      slotSharingGroup: 'reading',
    })
    expect(edgeInto(built, 'map:2').partitioning).toEqual({ kind: 'rebalance' })
  })

  it('picks fields of a declared type into a smaller declared type', () => {
    const built = build((env) => logins(env).pick('user', 'visits').to(sampleSink(), out))
    expect(edgeInto(built, 'out').codec.schema).toMatchObject({
      fields: [{ name: 'user' }, { name: 'visits' }],
    })
    const runtime = built.functions.nodes.get('map:2')
    expect(runtime?.kind === 'map' && runtime.map({ user: 'a', time: 1, visits: 2 })).toEqual({
      user: 'a',
      visits: 2,
    })
  })

  it('flattens iterables, or lets the function emit', () => {
    const built = build((env) => {
      const words = logins(env).flatMap((login) => login.user.split(' '))
      words.flatMap(text(), (word, emit) => emit(word)).to(sampleSink(), out)
    })
    const first = built.functions.nodes.get('flat-map:2')
    const got: unknown[] = []
    if (first?.kind === 'flat-map') first.flatMap({ user: 'a b' }, (record) => got.push(record))
    expect(got).toEqual(['a', 'b'])
    expect(edgeInto(built, 'out').codec).toEqual(textCodec.descriptor)
  })

  it('hands on the promise of a function that was to return an iterable, for the engine to refuse', async () => {
    const later = async (): Promise<never> => {
      throw new Error('later')
    }
    const built = build((env) => {
      logins(env)
        .flatMap(later as never)
        .to(sampleSink(), out)
    })
    const first = built.functions.nodes.get('flat-map:2')
    const returned: unknown = first?.kind === 'flat-map' && first.flatMap({ user: 'a' }, () => {})
    await expect(returned).rejects.toThrow('later')
  })

  it('hands watermarks and operator lists to the engine', () => {
    const buffer = process({
      uid: 'buffer',
      in: Login,
      out: Login,
      lists: { waiting: operatorList(Login) },
      each: (login, { lists }) => lists.waiting.add(login),
    })
    const built = build((env) => {
      env
        .from(sampleSource(Login), {
          uid: 'logins',
          watermarks: outOfOrder('4s', (login) => login.time, { idleness: '1m' }),
        })
        .process(buffer)
        .to(sampleSink(), out)
    })
    expect(built.functions.nodes.get('logins')).toMatchObject({
      watermarks: { outOfOrderMs: 4_000, idleAfterMs: 60_000 },
    })
    expect(built.functions.nodes.get('buffer')).toMatchObject({
      lists: [{ name: 'waiting', mode: 'list' }],
    })
  })

  it('takes the codec that the consumer declares for undeclared records', () => {
    const built = build((env) =>
      env
        .from(sampleSource(dynamic<{ user: string; time: number; visits: number }>()), {
          uid: 'raw',
        })
        .keyBy('user')
        .process(counter)
        .to(sampleSink(int()), out),
    )
    expect(edgeInto(built, 'counter').codec.name).toBe('struct')
    expect(built.functions.edges[0]?.codec).toBe(dynamicCodec)
  })
})

function logins2(env: Environment) {
  return env
    .from(sampleSource(Login), { uid: `again-${n++}` })
    .map((login) => ({ word: login.user, limit: login.visits }))
    .returns(Rule)
}
let n = 0
