// The scripts of `weir completion`, in the shells themselves: bash reads keys as a person types them, with a Tab in them; fish
// answers what it would offer; zsh calls the function with the words that it would have. Bash is everywhere; a shell that is
// not installed is not tried, which is said aloud.

import { spawnSync } from 'node:child_process'
import { symlinkSync, writeFileSync } from 'node:fs'
import { delimiter } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WeirKit } from './weir-kit.ts'

const WEIR = fileURLToPath(new URL('../../weir', import.meta.url))
/** Only ends what hangs: each Tab is a command of its own. */
const SHELL_MS_MAX = 300_000

let kit: WeirKit
beforeAll(async () => {
  kit = WeirKit.empty()
  symlinkSync(WEIR, kit.path('weir'))
  writeFileSync(kit.path('totals.ts'), '')
  kit.environment = {
    PATH: `${kit.directory}${delimiter}${process.env['PATH'] ?? ''}`,
    XDG_CONFIG_HOME: kit.path('config'),
    HOME: kit.directory,
    INPUTRC: '/dev/null',
    TERM: 'dumb',
  }
  const added = await kit.weir('context', 'add', 'production', '127.0.0.1:1')
  expect(added, added.err).toMatchObject({ code: 0 })
})
afterAll(() => kit[Symbol.asyncDispose]())

const isThere = (shell: string): boolean => spawnSync(shell, ['-c', 'exit 0']).status === 0

/** What the shell prints. */
function shell(name: string, args: readonly string[], input: string): readonly string[] {
  const ran = spawnSync(name, args, {
    cwd: kit.directory,
    env: { ...process.env, ...kit.environment },
    encoding: 'utf8',
    input,
    timeout: SHELL_MS_MAX,
  })
  expect(ran.error).toBeUndefined()
  expect(ran.status, ran.stderr).toBe(0)
  return ran.stdout.split('\n')
}

async function script(name: string): Promise<string> {
  const { code, out } = await kit.weir('completion', name)
  expect(code).toBe(0)
  return out
}

/** What is typed, one word or a few behind `weir`; and how its last word goes on. */
const TYPED: readonly (readonly [string, string])[] = [
  ['jobm', 'jobmanager'],
  ['job exc', 'exceptions'],
  ['job logs --fol', '--follow'],
  ['-o na', 'name'],
  ['job list --format=na', '--format=name'],
  ['run totals.ts -D rest.por', 'rest.port='],
  ['config explain heartbeat.t', 'heartbeat.timeout'],
  ['context use prod', 'production'],
  ['job list --cluster=prod', '--cluster=production'],
  ['completion z', 'zsh'],
]

test('bash completes commands, flags, values and files', { timeout: SHELL_MS_MAX }, async () => {
  const file = kit.path('bashrc')
  writeFileSync(file, `PS1='> '\n${await script('bash')}`)
  // Ctrl-A and Ctrl-E: the line that Tab has made is printed, not run. An X shows whether a space was added.
  const keys = [...TYPED.map(([line]) => line), 'run tot', 'job list --format=']
    .map((line) => `weir ${line}\tX\u0001echo "has \u0005"\n`)
    .join('')
  const out = shell('bash', ['--noprofile', '--rcfile', file, '-i'], `${keys}exit\n`)
  const lines = out.filter((line) => line.startsWith('has '))
  const wanted = TYPED.map(([line, goesOn]) => {
    const before = line.slice(0, line.lastIndexOf(' ') + 1)
    return `has weir ${before}${goesOn}${goesOn.endsWith('=') ? '' : ' '}X`
  })
  // Of several nothing is taken.
  expect(lines).toEqual([...wanted, 'has weir run totals.ts X', 'has weir job list --format=X'])
})

const hasFish = isThere('fish')
const hasZsh = isThere('zsh')
for (const [name, there] of Object.entries({ fish: hasFish, zsh: hasZsh }))
  if (!there) console.warn(`completion in ${name} is NOT tried: there is no ${name} here`)

test.skipIf(!hasFish)(
  'fish offers commands, flags, values and files',
  { timeout: SHELL_MS_MAX },
  async () => {
    const file = kit.path('all.fish')
    const asked = [...TYPED.map(([line]) => line), 'run tot', 'job ']
    const asking = asked.map((line) => `echo "asked ${line}"\ncomplete -C "weir ${line}"`)
    writeFileSync(file, [await script('fish'), ...asking].join('\n'))
    const out = shell('fish', ['--no-config', file], '').join('\n').split('asked ').slice(1)
    const offered = out.map((one) => one.trimEnd().split('\n').slice(1))
    expect(offered.slice(0, TYPED.length)).toEqual(TYPED.map(([, goesOn]) => [goesOn]))
    expect(offered.at(-2)).toEqual(['totals.ts'])
    expect(offered.at(-1)).toEqual(expect.arrayContaining(['list', 'describe', 'logs']))
  },
)

const ZSH_SAYS = `compdef() { }
compadd() { shift; print -rl -- "$@" }
_files() { print -r -- files }
`

test.skipIf(!hasZsh)(
  'zsh is given commands, flags and values, and else its files',
  { timeout: SHELL_MS_MAX },
  async () => {
    const file = kit.path('all.zsh')
    const asking = [...TYPED.map(([line]) => line), 'run tot'].map((line) => {
      const words = `weir ${line}`.split(' ')
      return `print "asked"\nwords=(${words.map((word) => `'${word}'`).join(' ')}); CURRENT=${words.length}\n_weir`
    })
    writeFileSync(file, [ZSH_SAYS, await script('zsh'), ...asking].join('\n'))
    const out = shell('zsh', ['-f', file], '').join('\n').split('asked\n').slice(1)
    const given = out.map((one) => one.trimEnd().split('\n'))
    expect(given).toEqual([...TYPED.map(([, goesOn]) => [goesOn]), ['files']])
  },
)
