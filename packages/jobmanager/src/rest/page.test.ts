import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { HttpAccess } from '@weirjs/common/node/http-access'
import { systemScheduler } from '@weirjs/common/node/system-scheduler'
import { describe, expect, it } from 'vitest'
import { countingGraph } from '../core/plan/graph-samples.ts'
import { PlayWorld } from '../play-world.ts'
import { KEY, report, TOKEN } from './rest-kit.fixture.ts'
import { startRest } from './rest-server.ts'

const DIRECTORY = new URL('../../page/', import.meta.url)
const files = readdirSync(DIRECTORY).map((name) => ({
  name,
  text: readFileSync(new URL(name, DIRECTORY), 'utf8'),
}))

describe('the files of the page', () => {
  it('make no markup of strings', () => {
    const ways =
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|\beval\b|new Function|javascript:/
    expect(files.filter(({ text }) => ways.test(text)).map(({ name }) => name)).toEqual([])
  })

  it('need nothing from elsewhere, and nothing that the policy forbids', () => {
    const foreign = /(?:src|href|url\()\s*=?\s*["'(]?(?:https?:)?\/\//
    const inline = /<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=/
    for (const { name, text } of files) {
      expect(text, name).not.toMatch(foreign)
      if (name.endsWith('.html')) expect(text, name).not.toMatch(inline)
    }
  })
})

interface Graph {
  readonly columnsOf: (nodes: readonly object[]) => ReadonlyMap<string, number>
  readonly layout: (nodes: readonly object[]) => {
    readonly places: ReadonlyMap<string, { readonly x: number; readonly y: number }>
    readonly width: number
    readonly height: number
  }
}

describe('the picture of a graph', () => {
  const node = (id: string, ...inputs: readonly string[]): object => ({
    id,
    inputs: inputs.map((from) => ({ id: from })),
  })

  it('has every vertex to the right of those that feed it, and none upon another', async () => {
    const { columnsOf, layout } = (await import(new URL('graph.js', DIRECTORY).href)) as Graph
    const nodes = [node('a'), node('b'), node('c', 'a'), node('d', 'b', 'c'), node('e', 'a', 'd')]
    expect([...columnsOf(nodes).values()]).toEqual([0, 0, 1, 2, 3])
    const { places, width, height } = layout(nodes)
    expect(new Set([...places.values()].map(({ x, y }) => `${x} ${y}`)).size).toBe(5)
    for (const { x, y } of places.values()) {
      expect(x).toBeLessThan(width)
      expect(y).toBeLessThan(height)
    }
    expect(layout([])).toMatchObject({ places: new Map() })
  })
})

/** The page as a browser has made it, or null where there is no browser. */
function browse(url: string): Promise<string | null> {
  const flags = ['--headless', '--disable-gpu', '--virtual-time-budget=3000', '--dump-dom']
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const child = spawn('chromium', [...flags, ...sandbox, url], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let dom = ''
  child.stdout.on('data', (chunk: Buffer) => {
    dom += chunk.toString()
  })
  return new Promise((resolve) => {
    child.on('error', () => resolve(null))
    child.on('close', () => resolve(dom))
  })
}

describe('the page in a browser', () => {
  it('shows jobs, graph and checkpoints; a hostile name is text', async ({ skip }) => {
    const name = '<script>document.title="taken"</script><img src=x onerror=alert(1)>'
    const world = await new PlayWorld().start()
    const { manager } = world
    const job = await world.submit({}, { ...countingGraph(), name })
    await world.until(job, 'RUNNING')
    await world.pass(2_500)
    await report(world, job, 1_234)
    const scheduler = systemScheduler()
    const server = await startRest({
      host: '127.0.0.1',
      port: 0,
      version: 'test',
      source: {
        client: manager.client,
        jobs: () => manager.jobs,
        configuration: [],
        scheduler: world.time,
      },
      scheduler,
      log: world.log,
      whyNotReady: async () => null,
      metrics: { access: new HttpAccess(TOKEN), text: () => '' },
    })
    try {
      const at = `http://${server.address}/?token=${KEY}`
      const jobs = await browse(at)
      if (jobs === null) {
        console.warn('SKIPPED: chromium is not installed (apt-get install chromium)')
        skip()
        return
      }
      const shown = '&lt;script&gt;document.title="taken"&lt;/script&gt;'
      expect(jobs).toContain(`<title>Jobs · Weir</title>`)
      expect(jobs).toContain(shown)
      const one = (await browse(`${at}#/jobs/${job}`)) ?? ''
      expect(one).toContain(shown)
      expect(one).toContain('2,468')
      expect(one).toContain('checkpoint 2: completed, periodic')
      expect(one).toContain('Nothing has failed.')
      for (const dom of [jobs, one]) {
        expect(dom).not.toMatch(/<img src="?x/)
        expect(dom.match(/<script/g)).toHaveLength(1)
      }
    } finally {
      await server.close()
    }
  })
})
