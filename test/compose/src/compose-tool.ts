// `docker compose`: the plugin that is there; else the one that tools/compose pins, built once and kept; else Debian's
// 1.29, which understands the same file.

import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { apt, type Engine } from './engine.ts'
import { ran, which } from './command.ts'
import { Skip } from './steps.ts'

const MODULE = fileURLToPath(new URL('../../../tools/compose/', import.meta.url))
/** The package's own, where another one stands before it on the path. */
const DEBIAN_COMPOSE = '/usr/bin/docker-compose'
const PACKAGE = 'github.com/docker/compose/v2'
/** What was downloaded and compiled until then is kept by Go: the next run gets further. */
const BUILD_MS_MAX = 480_000

export interface ComposeTool {
  readonly command: readonly [string, ...string[]]
  readonly env: Readonly<Record<string, string>>
  readonly version: string
}

/** Which compose it must be; by default the newest that can be had. */
export const COMPOSE_WANTED = ['any', 'v2', '1.29'] as const
export type ComposeWanted = (typeof COMPOSE_WANTED)[number]

/** Throws Skip when nothing can be had. */
export async function findCompose(
  engine: Engine,
  wanted: ComposeWanted,
  tell: (line: string) => void,
): Promise<ComposeTool> {
  if (wanted === '1.29') return debian(engine)
  const plugin = await plugged(engine, engine.env)
  if (plugin !== null) return plugin
  const binary = await built(tell)
  if (binary !== null) {
    const config = mkdtempSync(join(tmpdir(), 'weir-docker-config-'))
    mkdirSync(join(config, 'cli-plugins'))
    symlinkSync(binary, join(config, 'cli-plugins', 'docker-compose'))
    process.once('exit', () => rmSync(config, { recursive: true, force: true }))
    const found = await plugged(engine, { ...engine.env, DOCKER_CONFIG: config })
    if (found !== null) return found
  }
  if (wanted === 'v2') throw new Skip('no compose v2 is here, and none can be built')
  return debian(engine)
}

async function debian(engine: Engine): Promise<ComposeTool> {
  if (which(DEBIAN_COMPOSE) === null) await apt(['docker-compose'])
  const { out } = await ran(DEBIAN_COMPOSE, ['version', '--short'])
  const version = out.trim()
  if (!version.startsWith('1.')) throw new Skip(`${DEBIAN_COMPOSE} is "${version}", not 1.29`)
  return { command: [DEBIAN_COMPOSE], env: engine.env, version }
}

async function plugged(engine: Engine, env: Engine['env']): Promise<ComposeTool | null> {
  const { code, out } = await ran(engine.docker, ['compose', 'version', '--short'], { env })
  return code === 0 ? { command: [engine.docker, 'compose'], env, version: out.trim() } : null
}

/** null when it cannot be built here. The same sums make the same binary, so it is kept under their hash. */
async function built(tell: (line: string) => void): Promise<string | null> {
  const sums = createHash('sha256')
    .update(readFileSync(join(MODULE, 'go.mod')))
    .update(readFileSync(join(MODULE, 'go.sum')))
    .digest('hex')
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  const directory = join(cache, 'weir', `compose-${sums.slice(0, 16)}`)
  const binary = join(directory, 'docker-compose')
  if (existsSync(binary)) return binary
  const go = which('go')
  if (go === null) return null
  mkdirSync(directory, { recursive: true })
  const staged = `${binary}.${process.pid}`
  const version = /compose\/v2 (v[\d.]+)/.exec(readFileSync(join(MODULE, 'go.mod'), 'utf8'))?.[1]
  const link = `-s -w -X ${PACKAGE}/internal.Version=${version}`
  tell(`building compose ${version} once, into ${directory}`)
  const args = ['build', '-trimpath', '-ldflags', link, '-o', staged, `${PACKAGE}/cmd`]
  const options = { cwd: MODULE, env: { CGO_ENABLED: '0' }, withinMs: BUILD_MS_MAX }
  const { code, err } = await ran(go, args, options)
  if (code !== 0) {
    const why = code === null ? `not within ${BUILD_MS_MAX / 1_000} s` : lastLine(err)
    tell(`compose ${version} cannot be built: ${why}`)
    return null
  }
  renameSync(staged, binary)
  return binary
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? ''
