import { describe, expect, it } from 'vitest'

import { MAX_WATERMARK, MIN_WATERMARK } from '../core/time-constants.ts'
import type { Method } from './call.ts'
import {
  acknowledgeFromWire,
  acknowledgeToWire,
  declineFromWire,
  declineToWire,
  heartbeatFromWire,
  heartbeatToWire,
  outputLineFromWire,
  outputLineToWire,
  registrationFromWire,
  registrationReplyFromWire,
  registrationToWire,
  taskUpdateFromWire,
  taskUpdateToWire,
} from './convert-coordinator.ts'
import { submitHeadFromWire } from './convert-job.ts'
import {
  allocateFromWire,
  allocateToWire,
  deployFromWire,
  deployToWire,
  triggerFromWire,
} from './convert-worker.ts'
import {
  callerFromWire,
  documentFromWire,
  failureFromWire,
  failureToWire,
  headerToWire,
} from './convert.ts'
import { ARGUMENTS, DOCUMENT_DEPTH_MAX, GRAPH } from './documents.ts'
import { wireServices } from './load-proto.ts'
import {
  ACK,
  BARE_FAILURE,
  DEPLOY,
  FAILURE,
  FENCE,
  GRAPH_SAMPLE,
  HEARTBEAT,
  PLAN_SAMPLE,
  REGISTRATION,
  SLOT_REQUEST,
  SNAPSHOT_SAMPLE,
  TASK,
} from './samples.fixture.ts'

const { coordinator, worker } = wireServices()
const header = headerToWire({ sender: 'w', sequence: 1 }, FENCE)

/** What the receiver's protobuf makes of a request. */
function received<Request, Output>(
  method: Method<Request, unknown> & { requestDeserialize: (bytes: Buffer) => Output },
  request: NoInfer<Request>,
): Output {
  return method.requestDeserialize(method.requestSerialize(request))
}

/** `value` with the field at `path` replaced; what lies beside the path is shared. */
function broken<T>(value: T, path: string, by: unknown): T {
  const [key = '', ...rest] = path.split('.')
  const copy = (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>
  copy[key] = rest.length === 0 ? by : broken(copy[key], rest.join('.'), by)
  return copy as T
}

const ack = received(coordinator.Acknowledge, { ...acknowledgeToWire(ACK), header })
const beat = received(coordinator.Heartbeat, { ...heartbeatToWire(HEARTBEAT), header })
const deploy = received(worker.Deploy, { ...deployToWire(DEPLOY), header })
const allocation = received(worker.Allocate, { ...allocateToWire(SLOT_REQUEST), header })
const registration = received(coordinator.Register, { ...registrationToWire(REGISTRATION), header })
const trigger = received(worker.Trigger, {
  header,
  checkpointId: 1,
  timestampMs: 1,
  tasks: [TASK],
  final: false,
})
const failed = received(coordinator.TaskUpdate, {
  ...taskUpdateToWire({ fence: FENCE, task: TASK, change: { state: 'failed', failure: FAILURE } }),
  header,
})
const decline = received(coordinator.Decline, {
  ...declineToWire({ fence: FENCE, task: TASK, checkpointId: ACK.checkpointId, failure: FAILURE }),
  header,
})
const document = (value: unknown) => ({ version: 1, json: Buffer.from(JSON.stringify(value)) })

/** Name of the field, how it is broken, and the conversion that must refuse it. */
const REFUSALS: readonly (readonly [string, unknown, () => unknown])[] = [
  ...['0', '-1', '', '1.5', '9007199254740992', '18446744073709551615', 'NaN', ' 1'].flatMap(
    (epoch) => [
      [
        'header.fence.epoch',
        epoch,
        () => acknowledgeFromWire(broken(ack, 'header.fence.epoch', epoch)),
      ] as const,
      [
        'header.fence.attempt',
        epoch,
        () => acknowledgeFromWire(broken(ack, 'header.fence.attempt', epoch)),
      ] as const,
      [
        'checkpointId',
        epoch,
        () => acknowledgeFromWire(broken(ack, 'checkpointId', epoch)),
      ] as const,
      [
        'checkpointId',
        epoch,
        () => declineFromWire(broken(decline, 'checkpointId', epoch)),
      ] as const,
      [
        'checkpointId',
        epoch,
        () => triggerFromWire(broken(trigger, 'checkpointId', epoch)),
      ] as const,
      [
        'header.sequence',
        epoch,
        () => callerFromWire(broken(ack, 'header.sequence', epoch).header),
      ] as const,
    ],
  ),
  ...[Number.NaN, Number.POSITIVE_INFINITY, -1, 1e300, undefined].flatMap((bad) => [
    ['stats.syncMs', bad, () => acknowledgeFromWire(broken(ack, 'stats.syncMs', bad))] as const,
    ['timestampMs', bad, () => triggerFromWire(broken(trigger, 'timestampMs', bad))] as const,
    [
      'tasks[0].busyRatio',
      bad,
      () => heartbeatFromWire(broken(beat, 'tasks.0.busyRatio', bad)),
    ] as const,
    [
      'heartbeatIntervalMs',
      bad,
      () =>
        registrationReplyFromWire({
          coordinatorId: 'a',
          heartbeatIntervalMs: bad as number,
          heartbeatTimeoutMs: 1,
        }),
    ] as const,
  ]),
  ['header.fence', null, () => acknowledgeFromWire(broken(ack, 'header.fence', null))],
  ['header', null, () => acknowledgeFromWire(broken(ack, 'header', null))],
  [
    'header.fence.jobId',
    'ABC',
    () => acknowledgeFromWire(broken(ack, 'header.fence.jobId', 'ABC')),
  ],
  ['header.sender', '', () => callerFromWire(broken(ack, 'header.sender', '').header)],
  ['task', null, () => acknowledgeFromWire(broken(ack, 'task', null))],
  ['task.vertexId', '../x', () => acknowledgeFromWire(broken(ack, 'task.vertexId', '../x'))],
  ['task.subtask', 40_000, () => acknowledgeFromWire(broken(ack, 'task.subtask', 40_000))],
  ['stats', null, () => acknowledgeFromWire(broken(ack, 'stats', null))],
  ['snapshot', null, () => acknowledgeFromWire(broken(ack, 'snapshot', null))],
  [
    'tasks[0].watermark',
    '9007199254740992',
    () => heartbeatFromWire(broken(beat, 'tasks.0.watermark', '9007199254740992')),
  ],
  ['tasks[0].fence', null, () => heartbeatFromWire(broken(beat, 'tasks.0.fence', null))],
  ['slots', 1e9, () => registrationFromWire(broken(registration, 'slots', 1e9))],
  ['controlAddress', '', () => registrationFromWire(broken(registration, 'controlAddress', ''))],
  [
    'workerId',
    'x'.repeat(2_000),
    () => registrationFromWire(broken(registration, 'workerId', 'x'.repeat(2_000))),
  ],
  [
    'state',
    'TASK_STATE_UNSPECIFIED',
    () => taskUpdateFromWire(broken(failed, 'state', 'TASK_STATE_UNSPECIFIED')),
  ],
  [
    'failure',
    'without FAILED',
    () => taskUpdateFromWire(broken(failed, 'state', 'TASK_STATE_RUNNING')),
  ],
  ['failure', 'missing', () => taskUpdateFromWire(broken(failed, 'failure', null))],
  ['failure.retry', '7', () => taskUpdateFromWire(broken(failed, 'failure.retry', '7'))],
  [
    'failure.domain',
    '',
    () => taskUpdateFromWire(broken(failed, 'failure.domain', 'ERROR_DOMAIN_UNSPECIFIED')),
  ],
  ['bundleHash', 'abc', () => allocateFromWire(broken(allocation, 'bundleHash', 'abc'))],
  ['args', 'a list', () => allocateFromWire({ ...allocation, args: document([1]) })],
  ['slots[1]', 70_000, () => allocateFromWire(broken(allocation, 'slots', [0, 70_000]))],
  ['credential', '', () => allocateFromWire(broken(allocation, 'credential', ''))],
  [
    'placements[1].endpoint',
    null,
    () => deployFromWire(broken(deploy, 'placements.1.endpoint', null)),
  ],
  ['tasks[0].slot', -1, () => deployFromWire(broken(deploy, 'tasks.0.slot', -1))],
  ['plan', 'version 2', () => deployFromWire(broken(deploy, 'plan.version', 2))],
  [
    'plan',
    'no JSON',
    () => deployFromWire({ ...deploy, plan: { version: 1, json: Buffer.from('{') } }),
  ],
]

describe('the door', () => {
  it.each(REFUSALS)('refuses %s = %s, naming it', (field, _bad, convert) => {
    expect(convert).toThrow(
      expect.objectContaining({
        code: 'rpc/invalid-argument',
        message: expect.stringMatching(startsWith(field)),
      }),
    )
  })

  it('refuses to send what it would refuse to receive', () => {
    expect(() => acknowledgeToWire({ ...ACK, checkpointId: Number.NaN as never })).toThrow(
      /checkpointId/,
    )
    expect(() =>
      headerToWire({ sender: 'a', sequence: 1 }, { ...FENCE, epoch: 0 as never }),
    ).toThrow(/fence.epoch/)
  })

  it('lets a heartbeat pass whose ratios divided by zero', () => {
    const [task] = HEARTBEAT.tasks
    const ratios = {
      busyRatio: Number.NaN,
      idleRatio: Number.POSITIVE_INFINITY,
      backPressuredRatio: 1.5,
    }
    const wire = heartbeatToWire({ ...HEARTBEAT, tasks: [{ ...task, ...ratios } as never] })
    const heartbeat = heartbeatFromWire(received(coordinator.Heartbeat, { ...wire, header }))
    expect(heartbeat.tasks[0]).toMatchObject({ busyRatio: 0, idleRatio: 0, backPressuredRatio: 1 })
  })

  it.each([
    ['watermark', 1.5, 1],
    ['watermark', 1.7e18, MAX_WATERMARK],
    ['watermark', Number.NEGATIVE_INFINITY, MIN_WATERMARK],
    ['watermark', Number.NaN, MIN_WATERMARK],
    ['recordsIn', 0.5, 0],
    ['bytesOut', -1, 0],
    ['progressTick', Number.NaN, 0],
    ['workLeft', -1, undefined],
    ['workLeft', Number.NaN, undefined],
    ['workLeft', 1e300, undefined],
    ['workLeft', 0.5, 0.5],
  ])('lets a heartbeat pass whose %s is %d', (name, value, arrives) => {
    const [task] = HEARTBEAT.tasks
    const wire = heartbeatToWire({ ...HEARTBEAT, tasks: [{ ...task, [name]: value } as never] })
    const heartbeat = heartbeatFromWire(received(coordinator.Heartbeat, { ...wire, header }))
    expect(heartbeat.tasks[0]).toHaveProperty('task', task?.task)
    expect((heartbeat.tasks[0] as never)[name]).toBe(arrives)
  })

  it('cuts the text of failures and of output instead of refusing the news', () => {
    const long = failureToWire({
      ...FAILURE,
      message: 'x'.repeat(1e6),
      stack: 'y'.repeat(1e6),
      hint: 'z'.repeat(1e6),
    })
    const wire = received(coordinator.Decline, { header, failure: long }).failure
    const failure = failureFromWire(wire, 'failure')
    expect([failure.message.length, failure.stack?.length, failure.hint?.length]).toEqual([
      8_192, 16_384, 8_192,
    ])
    const line = outputLineToWire({
      fence: FENCE,
      task: null,
      stream: 'print',
      text: 'x'.repeat(1e6),
    })
    const { lines } = received(coordinator.Output, { header, lines: [line] })
    expect(lines.map((one) => outputLineFromWire(one, 'line').text.length)).toEqual([16_384])
    const bare = received(coordinator.Decline, { header, failure: failureToWire(BARE_FAILURE) })
    expect(failureFromWire(bare.failure, 'failure')).toEqual(BARE_FAILURE)
  })
})

describe('a document', () => {
  it('is refused when a field is unknown, missing or of another type, with the place', () => {
    const shape = (value: unknown) => documentFromWire(document(value), 'graph', GRAPH)
    expect(shape(GRAPH_SAMPLE)).toEqual(GRAPH_SAMPLE)
    expect(() => shape(broken(GRAPH_SAMPLE, 'nodes.1.colour', 'red'))).toThrow(/graph\.nodes\.1/)
    expect(() => shape(broken(GRAPH_SAMPLE, 'nodes.0.parallelism', '2'))).toThrow(
      /graph\.nodes\.0\.parallelism/,
    )
    expect(() => shape(broken(GRAPH_SAMPLE, 'nodes.0.kind', 'magic'))).toThrow(
      /graph\.nodes\.0\.kind/,
    )
    expect(() => shape(broken(GRAPH_SAMPLE, 'edges.0.codec', null))).toThrow(
      /graph\.edges\.0\.codec/,
    )
    expect(() => shape(null)).toThrow(/graph/)
  })

  it('is refused inside a call with the field of the call', () => {
    const plan = document(broken(PLAN_SAMPLE, 'vertices.0.parallelism', 0))
    expect(() => deployFromWire({ ...deploy, plan })).toThrow(/^plan\.vertices\.0\.parallelism/)
    const snapshot = document(broken(SNAPSHOT_SAMPLE, 'file.sha256', 'x'))
    expect(() => acknowledgeFromWire({ ...ack, snapshot })).toThrow(/^snapshot\.file\.sha256/)
  })

  it('is refused before it is parsed when nested deeper than any of ours', () => {
    const nested = (depth: number) => ({
      version: 1,
      json: Buffer.from(`{"a":${'['.repeat(depth - 1)}"[[[\\"[["${']'.repeat(depth - 1)}}`),
    })
    expect(documentFromWire(nested(DOCUMENT_DEPTH_MAX), 'args', ARGUMENTS)).toHaveProperty('a')
    for (const depth of [DOCUMENT_DEPTH_MAX + 1, 1_000_000]) {
      expect(() => documentFromWire(nested(depth), 'args', ARGUMENTS)).toThrow(/nested/)
    }
  })

  it('cannot reach a prototype', () => {
    const args = documentFromWire(
      {
        version: 1,
        json: Buffer.from(
          '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
        ),
      },
      'args',
      ARGUMENTS,
    )
    expect((Object.getPrototypeOf(args) as object) === Object.prototype).toBe(true)
    expect(({} as { polluted?: number }).polluted).toBe(undefined)
    const { config } = allocateFromWire(
      received(worker.Allocate, {
        ...allocateToWire({
          ...SLOT_REQUEST,
          config: JSON.parse('{"__proto__":"x","a":"b"}') as Record<string, string>,
        }),
        header,
      }),
    )
    expect(config['a']).toBe('b')
    expect(Object.getPrototypeOf(config)).toBe(Object.prototype)
  })

  it('of a submit names the field that is wrong', () => {
    const head = {
      graph: document(GRAPH_SAMPLE),
      settings: document({}),
      args: document({}),
      bundleHash: '0'.repeat(64),
      bundleBytes: '1',
      submittedAtMs: 1,
      allowNonRestoredState: false,
      submissionId: 'x',
    }
    expect(() => submitHeadFromWire(head)).toThrow(/^settings\.checkpoint/)
    expect(() => submitHeadFromWire({ ...head, bundleBytes: String(2 ** 30) })).toThrow(
      /^bundleBytes/,
    )
  })
})

function startsWith(field: string): RegExp {
  return new RegExp(`^${field.replaceAll(/[.[\]]/g, '\\$&')}[ .:]`)
}
