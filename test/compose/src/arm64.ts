// npm run test:compose -- --arm64: the image for another processor than this machine's, really built and really run. On
// x86 every instruction of it is translated by QEMU (Debian's qemu-user-static, registered with the kernel while the test
// runs), so it is slow and says nothing about speed; what it says is that nothing in the image is of the wrong kind.

import { spawnSync } from 'node:child_process'
import {
  existsSync,
  readdirSync,
  openSync,
  readFileSync,
  readSync,
  closeSync,
  writeFileSync,
} from 'node:fs'
import { join, relative } from 'node:path'
import { readRows } from '../../processes/src/committed-output.ts'
import { ran, run } from './command.ts'
import { ComposeCluster, ROOT } from './compose-cluster.ts'
import { type ComposeTool, type ComposeWanted, findCompose } from './compose-tool.ts'
import { apt, type Engine } from './engine.ts'
import { healthy } from './faults.ts'
import { type Guard, makeBase, prepare, removing } from './image.ts'
import { prove, Skip, type Steps } from './steps.ts'

const BASE = 'weir-test-base:arm64'
const EMULATOR = '/usr/bin/qemu-aarch64-static'
const RULE = '/usr/lib/binfmt.d/qemu-aarch64.conf'
const REGISTRY = '/proc/sys/fs/binfmt_misc'
const REGISTERED = join(REGISTRY, 'qemu-aarch64')
const TREE = join(ROOT, 'deploy', 'docker', '.local', 'tree')
const OVERRIDE = join(ROOT, 'test', 'compose', 'arm64.yml')
const TMP = '/tmp:size=64m,mode=1777'
const WORDS = join(ROOT, 'examples', 'wordcount.ts')

const HEALTHY_MS_MAX = 240_000

/** In the head of an ELF file: for which machine it is. */
const ELF = { machineAt: 18, x64: 0x3e, arm64: 0xb7 }

export async function onArm64(
  engine: Engine,
  wanted: ComposeWanted,
  steps: Steps,
  guard: Guard,
): Promise<void> {
  const forget = await emulate(steps)
  guard.add(forget)
  try {
    const tool = await findCompose(engine, wanted, (line) => steps.tell(line))
    await prepare(engine, steps)
    await steps.step('the tree has native code for both processors', async () => nativeCode())
    await makeBase(engine, steps, BASE, 'arm64')
    await treat(engine, tool, steps, guard)
  } finally {
    guard.delete(forget)
    forget()
  }
}

async function treat(engine: Engine, tool: ComposeTool, steps: Steps, guard: Guard): Promise<void> {
  const cluster = await ComposeCluster.create({
    engine,
    tool,
    nodeImage: BASE,
    files: [OVERRIDE],
    env: {
      WEIR_TAG: 'test-arm64',
      WEIR_MEMORY_TASKMANAGER: '2g',
      WEIR_MEMORY_JOBMANAGER: '1g',
      WEIR_HEARTBEAT_INTERVAL: '2s',
      WEIR_HEARTBEAT_TIMEOUT: '60s',
    },
  })
  await removing(cluster, steps, guard, async () => {
    await steps.step('the image is built by its own Node', async () => {
      await cluster.compose('build', 'jobmanager')
      const [image] = JSON.parse(await cluster.docker('image', 'inspect', cluster.image))
      prove(image.Architecture === 'arm64', `the image is for ${image.Architecture}`)
      return [`${image.Architecture}, ${Math.round(image.Size / 1_000_000)} MB`]
    })
    await steps.step('weir version', async () => [await inImage(cluster, ['version'])])
    await steps.step('LevelDB keeps what it was given', () => opensDatabase(cluster))
    await steps.step('up: both healthy, by weir healthcheck', () => isHealthy(cluster))
    await steps.step('a job from outside', () => countsWords(cluster))
  })
}

/** Lets the kernel start programs of that kind. Answers how to take that back. */
async function emulate(steps: Steps): Promise<() => void> {
  if (process.arch === 'arm64') return () => {}
  if (!existsSync(EMULATOR)) await apt(['qemu-user-static'])
  const mounted = existsSync(join(REGISTRY, 'register'))
  if (!mounted && (await ran('mount', ['-t', 'binfmt_misc', 'binfmt_misc', REGISTRY])).code !== 0)
    throw new Skip('the kernel starts no programs of other processors (binfmt_misc)')
  const had = existsSync(REGISTERED)
  if (!had) writeFileSync(join(REGISTRY, 'register'), readFileSync(RULE, 'utf8').trim())
  steps.tell(`arm64 by ${(await run(EMULATOR, ['--version'])).split('\n')[0]}`)
  return () => {
    if (!had) writeFileSync(REGISTERED, '-1')
    if (!mounted) spawnSync('umount', [REGISTRY])
  }
}

/** Nothing was compiled here; and what others have compiled is there for this image. */
function nativeCode(): readonly string[] {
  // Not by a pattern: those of Node pass over directories such as `.pnpm`.
  const files = readdirSync(TREE, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.node'),
  )
  const own = files.filter((file) => !/\/prebuilds\/[^/]+\/[^/]+$/.test(file))
  prove(own.length === 0, `compiled for one machine: ${own[0]}`)
  const levels = files.filter((file) => /classic-level\/prebuilds\/linux-(x64|arm64)\//.test(file))
  const machines = new Set(levels.map((file) => machineOf(join(TREE, file))))
  prove(machines.has(ELF.x64), 'LevelDB is not there for x64')
  prove(machines.has(ELF.arm64), 'LevelDB is not there for arm64')
  const arm64 = levels.filter((file) => machineOf(join(TREE, file)) === ELF.arm64)
  return arm64.map((file) => relative('node_modules/.pnpm', file))
}

function machineOf(path: string): number {
  const head = Buffer.alloc(ELF.machineAt + 2)
  const file = openSync(path, 'r')
  readSync(file, head)
  closeSync(file)
  return head.readUInt16LE(ELF.machineAt)
}

async function inImage(cluster: ComposeCluster, args: readonly string[]): Promise<string> {
  const locked = ['--read-only', '--tmpfs', TMP, '--cap-drop', 'ALL', '--network', 'none']
  return cluster.docker('run', '--rm', ...locked, cluster.image, ...args)
}

/** As the JobManager's index does, with the library as it lies in the image. */
async function opensDatabase(cluster: ComposeCluster): Promise<readonly string[]> {
  const program = `
    const { createRequire } = await import('node:module')
    const { globSync } = await import('node:fs')
    const [found] = globSync('/opt/weir/node_modules/.pnpm/classic-level@*/node_modules/classic-level/package.json')
    const { ClassicLevel } = createRequire(found)('classic-level')
    const first = new ClassicLevel('/tmp/db')
    await first.put('a', '1')
    await first.close()
    const again = new ClassicLevel('/tmp/db')
    console.log(process.arch, await again.get('a'))
    await again.close()`
  const entry = ['--entrypoint', 'node', cluster.image, '--input-type=module', '-e', program]
  const said = await cluster.docker('run', '--rm', '--read-only', '--tmpfs', TMP, ...entry)
  prove(said === 'arm64 1', said)
  return [said]
}

async function isHealthy(cluster: ComposeCluster): Promise<readonly string[]> {
  await cluster.compose('up', '-d')
  const all = [await cluster.jobManager(), ...(await cluster.containers('taskmanager'))]
  const proofs: string[] = []
  for (const container of all) {
    await healthy(cluster, container, HEALTHY_MS_MAX)
    const { out } = await cluster.exec(container, 'node', '-p', 'process.arch')
    prove(out.trim() === 'arm64', `${container.Name} runs on ${out}`)
    proofs.push(`${container.Name}: ${out.trim()}, healthy`)
  }
  await cluster.ready(1)
  return proofs
}

async function countsWords(cluster: ComposeCluster): Promise<readonly string[]> {
  writeFileSync(join(cluster.files, 'input.txt'), 'one weir\ntwo weirs, one river\n')
  const args = ['run', WORDS, '--input', '/files/input.txt', '--output', '/files/words']
  const { code, err } = await cluster.weir(...args)
  prove(code === 0, `it ended with ${code}: ${err}`)
  const rows = readRows(join(cluster.files, 'words')) as readonly { word: string; count: number }[]
  const counts = rows.map(({ word, count }) => `${word} ${count}`).sort()
  const wanted = ['one 2', 'river 1', 'two 1', 'weir 1', 'weirs 1']
  prove(counts.join() === wanted.join(), `counted: ${counts.join(', ')}`)
  return [counts.join(', ')]
}
