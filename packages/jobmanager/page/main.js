// Asks the REST interface every two seconds for what the address after # names, and renews what is on the page. Rates are
// the difference of two answers. While the page is hidden or paused it asks nothing.

import { h, renew } from './dom.js'
import { configView, jobsView, jobView, taskManagersView } from './views.js'

const INTERVAL_MS = 2000
const ANSWER_MS_MAX = 10_000

const main = document.querySelector('#main')
const health = document.querySelector('#health')
const pause = document.querySelector('#pause')

let paused = false
let timer = 0
let place = ''

// The key has become a cookie; it need not stay in the address bar and the history.
if (location.search !== '') history.replaceState(null, '', `/${location.hash}`)

async function ask(path) {
  const answer = await fetch(`/v1${path}`, {
    credentials: 'same-origin',
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
  })
  const body = await answer.json()
  if (answer.ok) return body
  throw Object.assign(new Error(body.detail), { status: answer.status, hint: body.hint })
}

// ---- rates ----

/** The last two counts of each thing that is counted. */
const samples = new Map()

function perSecond(key, value) {
  const now = performance.now()
  const before = samples.get(key)
  if (before === undefined || value < before.value) {
    samples.set(key, { value, at: now, rate: null })
    return null
  }
  const seconds = (now - before.at) / 1000
  if (seconds < 0.5) return before.rate
  const rate = (value - before.value) / seconds
  samples.set(key, { value, at: now, rate })
  return rate
}

function vertexRates(job) {
  return new Map(
    job.vertices.map(({ id, metrics }) => [
      id,
      {
        in: perSecond(`${job.jid}/${id}/in`, metrics['read-records']),
        out: perSecond(`${job.jid}/${id}/out`, metrics['write-records']),
      },
    ]),
  )
}

// ---- views ----

const RATED_JOBS_MAX = 20

async function jobs() {
  const [overview, list] = await Promise.all([ask('/overview'), ask('/jobs/overview')])
  const running = list.jobs.filter((job) => job.state === 'RUNNING').slice(0, RATED_JOBS_MAX)
  const details = await Promise.all(running.map((job) => ask(`/jobs/${job.jid}`)))
  const rates = new Map(details.map((job) => [job.jid, sourceRate(job)]))
  return { title: 'Jobs', parts: jobsView({ overview, jobs: list, rates }) }
}

/** What the vertices behind the enumerators, which take in splits, have made. */
function sourceRate(job) {
  const kinds = new Map(job.plan.nodes.map((node) => [node.id, node.operators[0]?.kind]))
  const made = job.vertices
    .filter(({ id }) => kinds.get(id) === 'source-reader')
    .reduce((sum, { metrics }) => sum + metrics['read-records'], 0)
  return perSecond(`${job.jid}/sources`, made)
}

async function job(id) {
  const path = `/jobs/${encodeURIComponent(id)}`
  const [found, checkpoints, exceptions] = await Promise.all([
    ask(path),
    ask(`${path}/checkpoints`),
    ask(`${path}/exceptions`),
  ])
  const rates = vertexRates(found)
  return { title: found.name, parts: jobView({ job: found, checkpoints, exceptions, rates }) }
}

async function taskManagers() {
  return {
    title: 'TaskManagers',
    parts: taskManagersView({ taskmanagers: await ask('/taskmanagers') }),
  }
}

async function config() {
  return { title: 'Configuration', parts: configView({ config: await ask('/config') }) }
}

function viewOf(hash) {
  const [, name, id] = hash.split('/')
  if (name === 'jobs' && id) return () => job(decodeURIComponent(id))
  if (name === 'taskmanagers') return taskManagers
  return name === 'config' ? config : jobs
}

// ---- showing ----

function show(parts) {
  const fresh = h('main', { id: 'main', tabindex: '-1' }, parts)
  renew(main, fresh)
}

/** Asks and shows. */
async function renewPage() {
  clearTimeout(timer)
  const asked = location.hash
  try {
    const { title, parts } = await viewOf(asked)()
    // Somebody has gone elsewhere meanwhile.
    if (asked !== location.hash) return
    show(parts)
    document.title = `${title} · Weir`
    say('')
    if (place !== asked && place !== '') main.focus({ preventScroll: false })
    place = asked
  } catch (error) {
    if (asked === location.hash) fail(error)
  }
  if (!paused && !document.hidden) timer = setTimeout(refresh, INTERVAL_MS)
}

function refresh() {
  // Cannot reject: what fails is shown.
  void renewPage()
}

function fail(error) {
  if (error.status === 401) {
    say('not signed in')
    show([
      h('h1', {}, 'Not signed in'),
      h('p', {}, 'Open the address that ', h('code', {}, 'weir cluster status'), ' shows.'),
    ])
    return
  }
  if (error.status === 404) {
    say('')
    show([
      h('h1', {}, 'Not found'),
      h('p', { class: 'alarm' }, error.message),
      h('p', {}, h('a', { href: '#/' }, 'All jobs')),
    ])
    return
  }
  // What was known stays on the page.
  say(error.status === undefined ? 'the JobManager does not answer; trying again' : error.message)
}

function say(text) {
  if (health.textContent !== text) health.textContent = text
}

function markPlace() {
  const [, name = ''] = location.hash.split('/')
  for (const link of document.querySelectorAll('nav a')) {
    const [, own = ''] = link.hash.split('/')
    if (own === (name === 'jobs' ? '' : name)) link.setAttribute('aria-current', 'page')
    else link.removeAttribute('aria-current')
  }
}

addEventListener('hashchange', () => {
  markPlace()
  refresh()
})
document.addEventListener('visibilitychange', () => {
  if (!document.hidden && !paused) refresh()
})
pause.addEventListener('click', () => {
  paused = !paused
  pause.setAttribute('aria-pressed', String(paused))
  pause.textContent = paused ? 'Go on' : 'Pause'
  if (paused) clearTimeout(timer)
  else refresh()
})
markPlace()
refresh()
