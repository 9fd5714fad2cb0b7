// What is written about containers is so, before any is started: whoever runs docker-compose.yml gets processes that can do
// little else than what they are for. Whether Docker and the kernel keep to it is shown by npm run test:compose.

import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { SHUTDOWN_MS_MAX } from '../../packages/common/src/node/lifecycle.ts'
import { BUNDLE_BYTES_MAX } from '../../packages/common/src/rpc/convert-job.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

interface Service {
  readonly [key: string]: unknown
  readonly environment: Readonly<Record<string, string>>
  readonly volumes: readonly string[]
  readonly ports?: readonly string[]
  readonly stop_grace_period: string
  readonly healthcheck: { readonly test: readonly string[] }
  readonly mem_limit: string
  readonly tmpfs: readonly string[]
  readonly depends_on?: Readonly<Record<string, unknown>>
}

interface Compose {
  readonly [key: string]: unknown
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, unknown>>
  readonly networks: Readonly<Record<string, unknown>>
  readonly secrets: Readonly<Record<string, { readonly file?: string }>>
}

const text = read('docker-compose.yml')
const compose = parse(text, { merge: true }) as Compose
const services = Object.entries(compose.services)

/** One instruction each, continued lines joined, without comments. */
const instructions = read('deploy/docker/Dockerfile')
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll(/\\\n\s*/g, ' ')
  .split('\n')
  .filter((line) => line.trim() !== '')
const of = (name: string): readonly string[] =>
  instructions.filter((line) => line.startsWith(`${name} `)).map((l) => l.slice(name.length + 1))

/** As compose 1.29 and v2 both hand it to the engine. Fails without a size: half of the machine's memory would do. */
function tmpfsBytes(place: string): number {
  expect(place).toMatch(/^\/[^:]+:size=\d+m,mode=1777$/)
  return Number(/size=(\d+)m/.exec(place)?.[1]) * 1_024 ** 2
}

describe.each(services)('the service %s', (name, service) => {
  it('has no rights that it does not need', () => {
    expect(service['read_only']).toBe(true)
    expect(service['cap_drop']).toEqual(['ALL'])
    // Only this: no profile for system calls is switched off.
    expect(service['security_opt']).toEqual(['no-new-privileges'])
    expect(service['init']).toBe(true)
  })

  it('gets none of the ways out of a container', () => {
    const ways = ['privileged', 'cap_add', 'devices', 'pid', 'ipc', 'uts', 'userns_mode', 'cgroup']
    const more = ['network_mode', 'user', 'extra_hosts', 'volumes_from', 'device_cgroup_rules']
    expect([...ways, ...more, 'sysctls'].filter((key) => key in service)).toEqual([])
  })

  it('keeps its files in named volumes, and mounts nothing of the machine by itself', () => {
    const sources = service.volumes.map((volume) =>
      volume.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1').slice(0, volume.indexOf(':')),
    )
    const names = sources.map((source) => source.split(':')[0])
    expect(
      names.filter((source) => !Object.keys(compose.volumes).includes(String(source))),
    ).toEqual([])
    expect(names).toContain('checkpoints')
  })

  it('mounts something of its own at each volume of the image: each container would leave one without a name', () => {
    const wanted = JSON.parse(of('VOLUME')[0] ?? '[]') as readonly string[]
    expect(wanted.length).toBeGreaterThan(0)
    const mounted = service.volumes.map((volume) => volume.replace(/^.*:/, ''))
    expect(wanted.filter((path) => !mounted.includes(path))).toEqual([])
  })

  it('may use only so much memory and so many processes', () => {
    expect(service.mem_limit).toMatch(/^\$\{WEIR_MEMORY_\w+:-\d+g\}$/)
    expect(service['pids_limit']).toEqual(expect.any(Number))
  })

  it('has files in memory in /tmp only, with a bound that is a small part of its memory', () => {
    expect(service.tmpfs.map((place) => place.split(':')[0])).toEqual(['/tmp'])
    const [, gib] = /:-(\d+)g\}$/.exec(service.mem_limit) ?? []
    for (const place of service.tmpfs)
      expect(tmpfsBytes(place) * 8).toBeLessThanOrEqual(Number(gib) * 1_024 ** 3)
  })

  it('is asked by weir itself whether it is well', () => {
    expect(service.healthcheck.test).toEqual(['CMD', 'weir', 'healthcheck', name])
  })

  it('has more time to end than it takes', () => {
    expect(service.stop_grace_period).toMatch(/^\d+s$/)
    expect(Number.parseInt(service.stop_grace_period, 10) * 1_000).toBeGreaterThan(SHUTDOWN_MS_MAX)
  })

  it('can be there more than once, and comes back', () => {
    expect(service).not.toHaveProperty('container_name')
    expect(service).not.toHaveProperty('hostname')
    expect(service['restart']).toBe('unless-stopped')
  })

  it('has the token as a secret, in no variable', () => {
    expect(service['secrets']).toEqual(['cluster_token'])
    expect(service.environment['WEIR_SECURITY_TOKEN_FILE']).toBe('/run/secrets/cluster_token')
    const variables = Object.keys(service.environment)
    expect(variables.filter((key) => /TOKEN|PASSWORD|SECRET|KEY/.test(key)).sort()).toEqual([
      'WEIR_SECURITY_TOKEN_FILE',
      'WEIR_TOKEN_FILE',
    ])
  })

  it('logs so much and no more', () => {
    expect(service['logging']).toHaveProperty('options.max-size')
    expect(service['logging']).toHaveProperty('options.max-file')
  })
})

describe('docker-compose.yml', () => {
  it('publishes on loopback only, and nothing of a TaskManager', () => {
    const ports = Object.values(compose.services).flatMap((service) => service.ports ?? [])
    expect(ports.length).toBeGreaterThan(0)
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([])
    expect(compose.services['taskmanager']).not.toHaveProperty('ports')
  })

  it('leaves room in /tmp for a job that is submitted from inside: its bundle is written there', () => {
    const [place = ''] = compose.services['jobmanager']?.tmpfs ?? []
    expect(tmpfsBytes(place)).toBeGreaterThan(BUNDLE_BYTES_MAX)
  })

  it('starts TaskManagers when the JobManager is well', () => {
    const { taskmanager } = compose.services
    expect(taskmanager?.depends_on).toEqual({ jobmanager: { condition: 'service_healthy' } })
  })

  it('says nothing that compose 1.29 does not know', () => {
    expect(compose).not.toHaveProperty('name')
    expect(compose).not.toHaveProperty('version')
  })

  it('takes its token from a file that no image and no commit can hold', () => {
    const { file } = compose.secrets['cluster_token'] ?? {}
    expect(file).toBe('${WEIR_TOKEN_FILE:-./deploy/docker/.local/token}')
    expect(read('.dockerignore').split('\n')).toContain('deploy/docker/.local/token')
    const ignored = read('.gitignore').split('\n')
    expect(ignored).toContain('deploy/docker/.local/')
    expect(ignored).toContain('.env')
  })

  it('can be told what .env.example lists, with the defaults that are there', () => {
    const inFile = [...text.matchAll(/\$\{(\w+):-([^}]*)\}/g)].map((m) => `${m[1]}=${m[2]}`)
    const listed = read('.env.example')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
    expect(listed.toSorted()).toEqual([...new Set(inFile)].sort())
  })
})

it.each(['docs/operations/docker-compose.md', 'README.md', 'docker-compose.yml'])(
  '%s says how many TaskManagers with each `up`, which would leave one',
  (page) => {
    const commands = [...read(page).matchAll(/docker compose up -[^`\n]*/g)].map(([all]) => all)
    expect(commands.length).toBeGreaterThan(0)
    expect(commands.filter((command) => !command.includes('--scale taskmanager='))).toEqual([])
  },
)

it('the token belongs to whom .env says, as compose does', () => {
  const checkout = mkdtempSync(join(tmpdir(), 'weir-prepare-'))
  try {
    const place = join(checkout, 'deploy', 'docker')
    mkdirSync(place, { recursive: true })
    copyFileSync(join(root, 'deploy', 'docker', 'prepare.mjs'), join(place, 'prepare.mjs'))
    writeFileSync(join(checkout, '.env'), '# WEIR_UID=7\nWEIR_UID=1001 # me\nWEIR_GID="1002"\n')
    const env = { PATH: process.env['PATH'] }
    const argv = [join(place, 'prepare.mjs'), '--token-only']
    const { status, stderr } = spawnSync(process.execPath, argv, { env, encoding: 'utf8' })
    expect(status, stderr).toBe(0)
    const { uid, gid } = statSync(join(place, '.local', 'token'))
    if (process.getuid?.() === 0) expect([uid, gid]).toEqual([1001, 1002])
    else if (uid !== 1001) expect(stderr).toContain('processes in containers would run as 1001')
  } finally {
    rmSync(checkout, { recursive: true })
  }
})

describe('the Dockerfile', () => {
  it('ends as a user that is not root, by number', () => {
    const last = instructions.findLastIndex((line) => line.startsWith('USER '))
    expect(instructions[last]).toBe('USER ${WEIR_UID}:${WEIR_GID}')
    const uids = of('ARG').filter((arg) => /^WEIR_[UG]ID=/.test(arg))
    expect(new Set(uids)).toEqual(new Set(['WEIR_UID=1000', 'WEIR_GID=1000']))
    const after = instructions.slice(last).map((line) => line.split(' ')[0])
    expect(after).not.toContain('RUN')
    expect(after).not.toContain('COPY')
  })

  it('is built on what it is told, and on nothing else', () => {
    expect(of('ARG')[0]).toMatch(/^NODE_IMAGE=node:24-[a-z]+-slim$/)
    const bases = of('FROM').map((line) => line.split(' ')[0])
    expect(new Set(bases)).toEqual(new Set(['${NODE_IMAGE}']))
    expect(bases.length).toBeGreaterThan(1)
  })

  it('downloads nothing, and needs no special builder', () => {
    const all = read('deploy/docker/Dockerfile')
    expect(all).not.toMatch(/^#\s*syntax=/m)
    expect(of('ADD')).toEqual([])
    expect(
      of('RUN').filter((line) => /--mount|\b(apt|apk|npm|pnpm|curl|wget)\b/.test(line)),
    ).toEqual([])
  })

  it('copies the built tree and its entry, not the checkout', () => {
    const sources = of('COPY').map((line) => line.replace(/--\S+ /, '').split(' ')[0])
    expect(new Set(sources)).toEqual(
      new Set(['deploy/docker/.local/tree/', 'deploy/docker/entry.sh', '/var/cache/weir/']),
    )
  })

  it('has the entry that derives heaps from limits, and a health check', () => {
    expect(of('ENTRYPOINT')).toEqual(['["/opt/weir/entry.sh"]'])
    expect(of('HEALTHCHECK').join()).toMatch(/CMD \["weir", "healthcheck"\]$/)
  })
})
