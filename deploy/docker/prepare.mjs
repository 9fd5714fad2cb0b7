#!/usr/bin/env node
// Makes what docker-compose.yml wants to find below deploy/docker/.local/:
//
//   tree/   the built packages and their dependencies, for the image
//   token   the cluster's token, mode 0600, of the user who runs in the containers; an existing one stays
//
// Who that is, compose reads in the environment and in .env beside docker-compose.yml; so does this.
// Usage: node deploy/docker/prepare.mjs [--token-only]. Sets the checkout up and builds it first.
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const local = join(root, 'deploy', 'docker', '.local')
const tree = join(local, 'tree')
const token = join(local, 'token')
const toolchain = join(root, '.toolchain', 'node_modules', '.bin')
const USER_DEFAULT = 1000
const TOKEN_BYTES = 32

function run(command, args) {
  const PATH = [toolchain, join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter)
  const env = { ...process.env, PATH, CI: 'true' }
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: root,
    env,
    encoding: 'utf8',
  })
  if (status === 0) return
  process.stderr.write(
    `${command} ${args.join(' ')} failed\n${stdout ?? ''}${stderr ?? ''}${error ?? ''}\n`,
  )
  process.exit(1)
}

/** Platform-specific extras of the bundler stay out: jobs are bundled where they are submitted. */
function makeTree() {
  run(process.execPath, [join('tools', 'run.mjs'), 'setup'])
  // As when the package is packed: the tree holds no checkout in which they could be looked for.
  run(process.execPath, [join('tools', 'gen-proto.mjs'), '--pack'])
  const fresh = `${tree}.${process.pid}`
  rmSync(fresh, { recursive: true, force: true })
  run('pnpm', ['--filter', 'weirjs', 'deploy', '--prod', '--legacy', '--no-optional', fresh])
  rmSync(tree, { recursive: true, force: true })
  renameSync(fresh, tree)
  process.stdout.write(`${tree}\n`)
}

/** What .env says, line by line, as compose reads it: quotes and comments are no part of a value. */
function dotEnv() {
  const path = join(root, '.env')
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : []
  const pairs = lines.flatMap((line) => {
    const [, name, value] = /^\s*(?:export\s+)?(\w+)\s*=\s*(.*)$/.exec(line) ?? []
    if (name === undefined) return []
    const bare = value.replace(/(?:^|\s)#.*$/, '').trim()
    return [[name, bare.replace(/^(["'])(.*)\1$/, '$2')]]
  })
  return Object.fromEntries(pairs)
}

function idOf(name) {
  const said = process.env[name] || dotEnv()[name] || `${USER_DEFAULT}`
  if (/^\d+$/.test(said)) return Number(said)
  process.stderr.write(`${name} is "${said}", but must be a number\n`)
  process.exit(2)
}

/** Readable for nobody but the user in the containers; processes refuse it otherwise. */
function makeToken() {
  const user = idOf('WEIR_UID')
  const group = idOf('WEIR_GID')
  if (!existsSync(token)) {
    writeFileSync(token, `${randomBytes(TOKEN_BYTES).toString('hex')}\n`, {
      mode: 0o600,
      flag: 'wx',
    })
    if (process.getuid?.() === 0) chownSync(token, user, group)
  }
  process.stdout.write(`${token}\n`)
  const owner = statSync(token)
  if (process.platform !== 'linux' || owner.uid === user) return
  process.stderr.write(
    `The token is yours (user ${owner.uid}); processes in containers would run as ${user}. ` +
      `Put these into .env, beside docker-compose.yml:\nWEIR_UID=${owner.uid}\nWEIR_GID=${owner.gid}\n`,
  )
}

mkdirSync(local, { recursive: true, mode: 0o755 })
makeToken()
if (!process.argv.includes('--token-only')) makeTree()
