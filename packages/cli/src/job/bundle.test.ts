import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { bundleJob } from './bundle.ts'

let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-bundle-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

async function write(name: string, text: string): Promise<string> {
  const path = join(directory, name)
  await writeFile(path, text)
  return path
}

describe('bundleJob', () => {
  test('proposes the file that was meant', async () => {
    const file = await write('job.ts', '')
    await expect(bundleJob(join(directory, 'job'))).rejects.toMatchObject({
      code: 'job/file-not-found',
      hint: `Did you mean ${file}?`,
    })
  })

  test('joins the modules of a job, keeps the runtime outside and the places in the map', async () => {
    await write('helper.ts', 'export enum Kind { A = 1 }\nexport const kind: Kind = Kind.A\n')
    const file = await write(
      'job.ts',
      `import { job } from 'weirjs'\nimport { kind } from './helper.ts'\nexport default job('j', () => { kind })\n`,
    )
    const { bytes, hash } = await bundleJob(file)
    const code = new TextDecoder().decode(bytes)
    expect(code).toContain(`from "weirjs"`)
    expect(code).not.toContain('helper.ts"')
    const map = JSON.parse(atob(/base64,(\S+)/.exec(code)?.[1] ?? '')) as { sources: string[] }
    expect(map.sources.sort()).toEqual(
      [join(directory, 'helper.ts'), file].map((path) => pathToFileURL(path).href),
    )
    expect(hash).toMatch(/^[0-9a-f]{64}$/)
    expect((await bundleJob(file)).hash).toBe(hash)
  })

  test('names the place of a syntax error', async () => {
    const file = await write('job.ts', 'export default 1\nconst x: = 2\n')
    await expect(bundleJob(file)).rejects.toMatchObject({
      code: 'job/bundle-failed',
      location: `${file}:2:10`,
    })
  })

  test('names what cannot be imported', async () => {
    const file = await write('job.ts', `import { x } from './gone.ts'\nexport default x\n`)
    await expect(bundleJob(file)).rejects.toMatchObject({
      code: 'job/bundle-failed',
      message: expect.stringContaining('./gone.ts') as string,
    })
  })

  test('refuses a file that does not exist', async () => {
    await expect(bundleJob(join(directory, 'nothing.ts'))).rejects.toMatchObject({
      code: 'job/file-not-found',
    })
  })
})

test('where the bundler has no native part, as in the container image, that is said', async () => {
  const file = await write('job.ts', `export default 1\n`)
  const main = fileURLToPath(new URL('../main.ts', import.meta.url))
  const argv = ['-C', 'source', '--no-warnings', main, 'plan', file]
  const env = {
    ...process.env,
    NAPI_RS_NATIVE_LIBRARY_PATH: join(directory, 'none'),
    NO_COLOR: '1',
    NODE_DISABLE_COMPILE_CACHE: '1',
  }
  const { status, stderr } = spawnSync(process.execPath, argv, { env, encoding: 'utf8' })
  expect(stderr).toMatch(/^error: jobs cannot be bundled here: .*\[job\/no-bundler\]\nhint: submit/)
  expect(status).toBe(2)
})
