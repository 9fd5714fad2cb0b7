import {
  chmodSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { WeirError } from '@weirjs/common/core/errors'
import { writeContexts } from './named-clusters.ts'
import { testCli } from './test-cli.fixture.ts'
import {
  chooseCluster,
  type ClusterFile,
  clusterFilePath,
  readClusterFile,
  writeClusterFile,
} from './context.ts'

const file: ClusterFile = {
  version: 1,
  address: '127.0.0.1:7001',
  tokenFile: '/t/token',
  dataDirectory: '/t',
  startedAtMs: 0,
  processes: [],
}

const SOMEBODY = 12_345

/** Why the file is refused. */
function foreign(read: () => unknown): string {
  try {
    read()
  } catch (error) {
    if (error instanceof WeirError && error.code === 'config/cluster-file-foreign')
      return error.message
    throw error
  }
  return 'taken'
}

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'weir-context-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

describe('chooseCluster', () => {
  test('finds the cluster file of a directory above', () => {
    writeClusterFile(clusterFilePath(root), file)
    const deep = join(root, 'a', 'b')
    mkdirSync(deep, { recursive: true })
    expect(chooseCluster({ env: {}, cwd: deep })).toEqual({
      address: '127.0.0.1:7001',
      tokenFile: '/t/token',
      tlsDirectory: null,
      kind: 'file',
      origin: clusterFilePath(root),
    })
    expect(statSync(clusterFilePath(root)).mode & 0o777).toBe(0o600)
  })

  test('falls back to the one at home', () => {
    const home = join(root, 'home')
    writeClusterFile(clusterFilePath(home), { ...file, address: '[::1]:1' })
    expect(chooseCluster({ env: { HOME: home }, cwd: root }).address).toBe('[::1]:1')
  })

  test('takes a flag before the environment before a file', () => {
    writeClusterFile(clusterFilePath(root), file)
    const env = { WEIR_CLUSTER: 'env:2', WEIR_TOKEN_FILE: '/env/token' }
    expect(chooseCluster({ env, cwd: root })).toMatchObject({
      address: 'env:2',
      tokenFile: '/env/token',
    })
    expect(chooseCluster({ env, cwd: root, cluster: 'flag:3', tokenFile: '/f' })).toMatchObject({
      address: 'flag:3',
      tokenFile: '/f',
    })
    expect(chooseCluster({ env: {}, cwd: '/', cluster: root }).address).toBe('127.0.0.1:7001')
  })

  test('takes a URL neither for a path nor for an address', () => {
    const said = { env: {}, cwd: root, cluster: 'http://127.0.0.1:6123' }
    expect(() => chooseCluster(said)).toThrow(
      expect.objectContaining({
        code: 'config/bad-address',
        hint: expect.stringMatching(/^write host:port/),
      }),
    )
  })

  test('takes no token from the environment', () => {
    writeClusterFile(clusterFilePath(root), file)
    expect(() => chooseCluster({ env: { WEIR_TOKEN: 'x' }, cwd: root })).toThrow(
      expect.objectContaining({ code: 'config/token-in-environment' }),
    )
  })

  test('finds certificates where it finds the cluster, unless somebody says otherwise', () => {
    writeClusterFile(clusterFilePath(root), { ...file, tlsDirectory: '/t/tls' })
    const tlsOf = (more: Partial<Parameters<typeof chooseCluster>[0]>): string | null =>
      chooseCluster({ env: {}, cwd: root, ...more }).tlsDirectory
    expect(tlsOf({})).toBe('/t/tls')
    expect(tlsOf({ cluster: '127.0.0.1:7001' })).toBe('/t/tls')
    // The token goes along, so it goes encrypted.
    expect(tlsOf({ cluster: 'localhost:7001' })).toBe('/t/tls')
    expect(tlsOf({ cluster: '127.0.0.1:7001', tokenFile: '/t/token' })).toBe('/t/tls')
    expect(tlsOf({ cluster: 'other:7001', tokenFile: '/other/token' })).toBeNull()
    expect(tlsOf({ env: { WEIR_TLS_DIR: '/env/tls' } })).toBe('/env/tls')
    expect(tlsOf({ env: { WEIR_TLS_DIR: '/env/tls' }, tlsDir: '/flag/tls' })).toBe('/flag/tls')
  })

  test('follows no file that it only found away from this machine', () => {
    const path = clusterFilePath(root)
    writeClusterFile(path, { ...file, address: 'evil:443' })
    for (const said of [{}, { tokenFile: '/my/token' }, { env: { WEIR_TOKEN_FILE: '/my/token' } }])
      expect(() => chooseCluster({ env: {}, cwd: root, ...said })).toThrow(
        expect.objectContaining({
          code: 'config/cluster-file-elsewhere',
          message: expect.stringContaining(path),
          hint: expect.stringContaining(`--cluster ${path}`),
        }),
      )
    expect(() => chooseCluster({ env: { HOME: root }, cwd: '/' })).toThrow(/leads to evil:443/)
    // Whoever names it has looked at it.
    expect(chooseCluster({ env: {}, cwd: root, cluster: '.weir' }).address).toBe('evil:443')
  })

  test('follows no file that it found and others may write', () => {
    const path = clusterFilePath(root)
    writeClusterFile(path, file)
    chmodSync(path, 0o666)
    expect(foreign(() => chooseCluster({ env: {}, cwd: root }))).toContain('(mode 666)')
    expect(foreign(() => readClusterFile(path))).toContain(path)
    const other = { env: {}, cwd: root, cluster: 'other:1' }
    expect(foreign(() => chooseCluster(other))).toContain(path)
    expect(chooseCluster({ ...other, tokenFile: '/my/token' }).tokenFile).toBe('/my/token')
    expect(chooseCluster({ ...other, cluster: root }).address).toBe('127.0.0.1:7001')
  })

  test.skipIf(process.getuid?.() !== 0)("follows no file, and no link, of somebody else's", () => {
    const path = clusterFilePath(root)
    writeClusterFile(path, file)
    lchownSync(path, SOMEBODY, SOMEBODY)
    expect(foreign(() => chooseCluster({ env: {}, cwd: root }))).toContain(`(uid ${SOMEBODY})`)
    lchownSync(path, 0, 0)
    renameSync(path, join(root, 'mine.json'))
    symlinkSync(join(root, 'mine.json'), path)
    expect(chooseCluster({ env: {}, cwd: root }).address).toBe('127.0.0.1:7001')
    lchownSync(path, SOMEBODY, SOMEBODY)
    expect(foreign(() => chooseCluster({ env: {}, cwd: root }))).toContain(`(uid ${SOMEBODY})`)
  })

  test('says what to do when there is none', () => {
    expect(() => chooseCluster({ env: {}, cwd: root })).toThrow(
      expect.objectContaining({
        code: 'cli/no-cluster',
        hint: expect.stringContaining('weir cluster start') as string,
      }),
    )
  })

  test('takes a context by its name, and the one in use before the file at home', () => {
    const env = { HOME: root }
    writeContexts(env, {
      version: 1,
      current: 'prod',
      clusters: {
        prod: { address: 'prod:6123', tokenFile: '/p/token' },
        test: { address: 'test:6123', tokenFile: null },
      },
    })
    writeClusterFile(clusterFilePath(root), file)
    const path = join(root, '.config', 'weir', 'contexts.json')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const elsewhere = '/'
    expect(chooseCluster({ env, cwd: elsewhere })).toEqual({
      address: 'prod:6123',
      tokenFile: '/p/token',
      tlsDirectory: null,
      kind: 'address',
      origin: 'context prod',
    })
    expect(chooseCluster({ env, cwd: elsewhere, cluster: 'test' }).address).toBe('test:6123')
    // What was started in this directory is nearer.
    expect(chooseCluster({ env, cwd: root }).address).toBe('127.0.0.1:7001')
    expect(() => chooseCluster({ env, cwd: root, cluster: 'prd' })).toThrow(
      expect.objectContaining({ code: 'context/not-found', hint: 'Did you mean prod?' }),
    )
    writeFileSync(path, '{')
    expect(() => chooseCluster({ env, cwd: elsewhere })).toThrow(
      expect.objectContaining({ code: 'config/contexts-damaged' }),
    )
  })

  test('refuses nonsense by name', () => {
    expect(() => chooseCluster({ env: {}, cwd: root, cluster: 'non.sense' })).toThrow(
      expect.objectContaining({ code: 'config/bad-address' }),
    )
    mkdirSync(join(root, '.weir'))
    writeFileSync(clusterFilePath(root), '{}')
    expect(() => chooseCluster({ env: {}, cwd: root })).toThrow(
      expect.objectContaining({ code: 'config/cluster-file-damaged' }),
    )
  })
})

test('weir context rm says that a name is forgotten', async () => {
  const cli = testCli(null, root, { XDG_CONFIG_HOME: root })
  await cli.run('context', 'add', 'prod', 'h:1')
  expect((await cli.run('context', 'rm', 'prod')).out).toEqual(['prod was h:1, and is forgotten'])
})
