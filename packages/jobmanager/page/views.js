// What each view shows, made of answers of the REST interface. Only builds elements; asking is main.js's.

import { checkpointBars } from './checkpoints.js'
import { card, facts, h, table } from './dom.js'
import { bytes, count, duration, percent, rate, time } from './format.js'
import { graph } from './graph.js'

const OVER = ['FINISHED', 'CANCELED']
const HISTORY_ROWS_MAX = 15

export function state(name, health = 'HEALTHY') {
  const kind =
    name === 'FAILED' || name === 'FAILING'
      ? 'bad'
      : OVER.includes(name)
        ? 'over'
        : name === 'RUNNING' && health === 'HEALTHY'
          ? 'good'
          : 'busy'
  const text = health === 'DEGRADED' ? `${name}, degraded` : name
  return h('span', { class: `state ${kind}` }, text.toLowerCase())
}

const id = (text) => h('code', { title: text }, text.slice(0, 12))
const number = (name) => ({ name, number: true })
const plain = (name) => ({ name })

function problem(failure) {
  if (failure === null) return null
  const hint = failure.hint === null ? '' : ` ${failure.hint}`
  const place = failure.location === null ? '' : ` (${failure.location})`
  return h('p', { class: 'alarm' }, `${failure.message}${place} [${failure.code}]${hint}`)
}

// ---- the cluster ----

export function jobsView({ overview, jobs, rates }) {
  const columns = ['Name', 'State'].map(plain)
  const numbers = ['Tasks', 'Records in', 'Restarts', 'Checkpoint', 'For'].map(number)
  const rows = jobs.jobs.map((job) => [
    h('a', { href: `#/jobs/${job.jid}` }, job.name),
    state(job.state, job.health),
    `${job.tasks.running} of ${job.tasks.total}`,
    rate(rates.get(job.jid) ?? null),
    count(job.restarts),
    job['last-checkpoint'] ?? '–',
    duration(job.duration),
    id(job.jid),
  ])
  return [
    h('h1', {}, 'Jobs'),
    card('Cluster', clusterFacts(overview)),
    card(
      'All jobs, newest first',
      table(
        'Jobs',
        [...columns, ...numbers, plain('Id')],
        rows,
        'No job was submitted yet: weir run job.ts',
      ),
    ),
  ]
}

const clusterFacts = (overview) =>
  facts([
    ['TaskManagers', overview.taskmanagers],
    ['Slots free', `${overview['slots-available']} of ${overview['slots-total']}`],
    ['Running', overview['jobs-running']],
    ['Finished', overview['jobs-finished']],
    ['Canceled', overview['jobs-cancelled']],
    ['Failed', overview['jobs-failed']],
    ['Up since', time(overview['start-time'])],
    ['Version', overview['weir-version']],
  ])

export function taskManagersView({ taskmanagers }) {
  const columns = [plain('Name'), plain('Address'), plain('Slots')]
  const numbers = ['Held', 'Memory', 'Heard', 'pid'].map(number)
  const rows = taskmanagers.taskmanagers.map((one) => [
    one.id,
    h('code', {}, one.path),
    slots(one),
    `${one.slotsNumber - one.freeSlots} of ${one.slotsNumber}`,
    bytes(one.metrics.memoryResident),
    `${time(one.timeSinceLastHeartbeat).slice(11)}`,
    one.pid,
  ])
  return [
    h('h1', {}, 'TaskManagers'),
    card(
      'Registered',
      table(
        'TaskManagers',
        [...columns, ...numbers],
        rows,
        'No TaskManager is registered: weir taskmanager',
      ),
    ),
  ]
}

const SLOTS_DRAWN_MAX = 64

function slots({ slotsNumber, freeSlots }) {
  const held = slotsNumber - freeSlots
  const boxes = Array.from({ length: Math.min(slotsNumber, SLOTS_DRAWN_MAX) }, (_, index) =>
    h('i', { class: index < held ? 'held' : null }),
  )
  return h(
    'span',
    { class: 'slots', role: 'img', 'aria-label': `${held} of ${slotsNumber} held` },
    boxes,
  )
}

export function configView({ config }) {
  const rows = config.configuration.map((one) => [
    h('code', {}, one.key),
    h('code', {}, one.value),
    one.origin,
  ])
  return [
    h('h1', {}, 'Configuration of the JobManager'),
    card(
      'Keys',
      table(
        'Configuration',
        [plain('Key'), { name: 'Value', wide: true }, plain('From')],
        rows,
        'None.',
      ),
    ),
  ]
}

// ---- one job ----

export function jobView({ job, checkpoints, exceptions, rates }) {
  return [
    h('h1', {}, job.name),
    card(
      'Job',
      facts([
        ['State', state(job.state, job.health)],
        ['Since', duration(job.duration)],
        ['Submitted', time(job['start-time'])],
        ['Attempt', job.attempt],
        ['Restarts', job.restarts],
        ['Id', h('code', {}, job.jid)],
      ]),
      problem(job.failure),
    ),
    card(
      'Graph',
      h(
        'div',
        { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Graph' },
        graph(job, rates),
      ),
      legend([
        ['of-busy', 'busy'],
        ['of-held', 'back-pressured: waits for slower vertices downstream'],
        ['of-idle', 'without input'],
      ]),
    ),
    card('Vertices', vertices(job, rates)),
    card('Checkpoints', ...checkpointParts(checkpoints)),
    card('Exceptions', ...exceptionParts(exceptions)),
  ]
}

const legend = (entries) =>
  h(
    'ul',
    { class: 'legend' },
    entries.map(([name, text]) => h('li', { class: name }, text)),
  )

function vertices(job, rates) {
  const columns = [plain('Vertex'), plain('State')]
  const numbers = [
    'Parallelism',
    'Busy',
    'Back-pressured',
    'Records in',
    'per second',
    'Records out',
    'per second',
    'Watermark lag',
  ].map(number)
  const rows = job.vertices.map(({ id: vertex, name, status, parallelism, metrics }) => [
    name,
    state(status),
    parallelism,
    percent(metrics['busy-ratio']),
    percent(metrics['backpressured-ratio']),
    count(metrics['read-records']),
    rate(rates.get(vertex)?.in ?? null),
    count(metrics['write-records']),
    rate(rates.get(vertex)?.out ?? null),
    metrics.watermark === null ? '–' : duration(Math.max(0, job.now - metrics.watermark)),
  ])
  return table('Vertices', [...columns, ...numbers], rows, 'The plan of this job is not known.')
}

function checkpointParts({ counts, summary, latest, history }) {
  const rows = history
    .slice(0, HISTORY_ROWS_MAX)
    .map((one) => [
      one.id,
      checkpointState(one),
      one.kind,
      duration(one.end_to_end_duration),
      bytes(one.state_size),
      `${one.num_acknowledged_subtasks} of ${one.num_subtasks}`,
      duration(one.stall_max),
      time(one.trigger_timestamp),
      one.failure_message ?? (one.external_path === null ? '' : h('code', {}, one.external_path)),
    ])
  const columns = [
    number('Id'),
    plain('State'),
    plain('Kind'),
    ...['Duration', 'Size', 'Acknowledged', 'Longest stop', 'Triggered'].map(number),
    { name: 'Where it lies, or what failed', wide: true },
  ]
  return [
    facts([
      ['Completed', counts.completed],
      ['Failed', counts.failed],
      ['Under way', counts.in_progress],
      ['Newest', latest.completed === null ? '–' : latest.completed.id],
      [
        'Duration, median',
        counts.completed === 0 ? '–' : duration(summary.end_to_end_duration.p50),
      ],
      [
        'Duration, longest',
        counts.completed === 0 ? '–' : duration(summary.end_to_end_duration.max),
      ],
      ['State', latest.completed === null ? '–' : bytes(latest.completed.state_size)],
    ]),
    h(
      'div',
      { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Checkpoints over time' },
      checkpointBars(history),
    ),
    legend([
      ['of-done', 'completed'],
      ['of-manual', 'asked for, or final'],
      ['of-failed', 'failed'],
      ['of-idle', 'under way; size of the state below'],
    ]),
    table('The newest checkpoints', columns, rows, ''),
  ]
}

function checkpointState({ status }) {
  const kind = { COMPLETED: 'good', FAILED: 'bad', IN_PROGRESS: 'busy' }[status]
  return h('span', { class: `state ${kind}` }, status.toLowerCase().replace('_', ' '))
}

function exceptionParts({ exceptionHistory }) {
  const { entries, truncated } = exceptionHistory
  if (entries.length === 0) return [h('p', { class: 'faint' }, 'Nothing has failed.')]
  return [
    entries.map((one) =>
      h(
        'details',
        {},
        h(
          'summary',
          {},
          h('b', {}, one.exceptionName),
          ` · attempt ${one.attempt} · ${time(one.timestamp)}${one.location === null ? '' : ` · ${one.location}`}`,
        ),
        h('pre', {}, one.stacktrace),
        one.hint === null ? null : h('p', { class: 'faint' }, one.hint),
      ),
    ),
    truncated ? h('p', { class: 'faint' }, 'Older ones are not kept.') : null,
  ]
}
