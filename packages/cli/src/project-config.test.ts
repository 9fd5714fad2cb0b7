import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { projectFile, projectSettings } from './project-config.ts'
import { testCli } from './test-cli.fixture.ts'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'weir-project-'))
  writeFileSync(join(root, 'package.json'), '{"type":"module"}')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const settings = (cwd = root): ReturnType<typeof projectSettings> =>
  projectSettings({ cwd, env: {} })
const write = (name: string, text: string): void => writeFileSync(join(root, name), text)

describe('the file of a project', () => {
  test('is a TypeScript module with nested or dotted keys', async () => {
    write(
      'weir.config.ts',
      `const every: string = '5s'
export default {
  execution: { checkpointing: { interval: every, 'num-retained': 5 } },
  'pipeline.operator-chaining.enabled': false,
  user: { regions: ['eu', 'us'] },
}`,
    )
    const origin = `file ${join(root, 'weir.config.ts')}`
    expect(await settings()).toEqual([
      { key: 'execution.checkpointing.interval', text: '5s', origin },
      { key: 'execution.checkpointing.num-retained', text: '5', origin },
      { key: 'pipeline.operator-chaining.enabled', text: 'false', origin },
      { key: 'user.regions', text: 'eu,us', origin },
    ])
  })

  test('is looked for up to the project, and never above it', async () => {
    const deep = join(root, 'a', 'b')
    mkdirSync(deep, { recursive: true })
    write('weir.config.yaml', 'parallelism.default: 3\n')
    expect(projectFile(deep)).toBe(join(root, 'weir.config.yaml'))
    writeFileSync(join(deep, 'package.json'), '{}')
    expect(projectFile(deep)).toBeNull()
    // Without a project, only what lies right here.
    rmSync(join(root, 'package.json'))
    expect(projectFile(join(root, 'a'))).toBeNull()
    expect(projectFile(root)).toBe(join(root, 'weir.config.yaml'))
  })

  test('is stronger than nothing and weaker than the environment and a flag', async () => {
    write('weir.config.yaml', 'parallelism.default: 3\n')
    const explain = async (env: Record<string, string>, ...more: string[]): Promise<string> => {
      const key = 'parallelism.default'
      const { out } = await testCli(null, root, env).run(
        'config',
        'explain',
        key,
        '--json',
        ...more,
      )
      const { value, origin } = JSON.parse(out[0] ?? '') as { value: string; origin: string }
      return `${value} ${origin.split(' ')[0]}`
    }
    const env = { WEIR_PARALLELISM_DEFAULT: '4' }
    expect(await explain({})).toBe('3 file')
    expect(await explain(env)).toBe('4 environment')
    expect(await explain(env, '-D', 'parallelism.default=5')).toBe('5 flag')
  })

  test.each([
    ['weir.config.js', 'export default 7', /must export an object/],
    ['weir.config.js', 'export default {', /cannot be loaded/],
    ['weir.config.js', 'export default { "log.levle": "info" }', /no setting "log\.levle"/],
    ['weir.config.js', 'export default { rest: { port: 9 } }', /concerns the cluster, not a job/],
    ['weir.config.js', 'export default { user: { x: null } }', /user\.x must be text/],
    ['weir.config.yaml', 'parallelism: [', /weir\.config\.yaml:1/],
  ])('%s with %j is refused by name', async (name, text, message) => {
    write(name, text)
    const { code, err } = await testCli(null, root).run('config', 'list')
    expect(code).toBe(2)
    expect(err.join('\n')).toMatch(message)
  })
})
