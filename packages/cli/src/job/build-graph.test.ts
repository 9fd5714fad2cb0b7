import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bundleJob } from './bundle.ts'
import { type Built, GraphBuilder } from './build-graph.ts'

const MS_MAX = 60_000
const runtimeRoot = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'weirjs')

let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-build-test-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

/** A job whose module begins with `code`. */
async function build(code: string): Promise<{ readonly built: Built; readonly printed: string }> {
  const file = join(directory, 'job.ts')
  const job = `export default job('j', (env) => {
    env.from(fromItems(int(), [1]), { uid: 'in' }).to(discard(), { uid: 'out' })
  })`
  await writeFile(file, `import { discard, fromItems, int, job } from 'weirjs'\n${code}\n${job}\n`)
  let printed = ''
  using builder = new GraphBuilder((chunk) => {
    printed += chunk
  })
  const { bytes } = await bundleJob(file)
  const request = { file, runtimeRoot, argv: [], directory, submittedAtMs: 0 }
  return { built: await builder.build(bytes, request), printed }
}

describe('the process in which a job is built', { timeout: MS_MAX }, () => {
  it.each(['ready', { type: 'ready' }, null])(
    'is not answered by what the job says to its parent: %j',
    async (word) => {
      const { built } = await build(`process.send?.(${JSON.stringify(word)})`)
      expect(built.graph.nodes.length).toBe(3)
    },
  )

  it('prints all that the job prints, in whole characters', async () => {
    const { printed } = await build(`console.log('x' + 'é'.repeat(200_000))`)
    expect(printed === `x${'é'.repeat(200_000)}\n`, printed.slice(-20)).toBe(true)
  })
})
