import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, describe, expect, test } from 'vitest'
import { residentBytes } from './kernel-memory.ts'
import { endFamily, ProcessFamily } from './process-family.ts'

const COUNT_MAX = 10

const started: ChildProcess[] = []
afterEach(() => {
  for (const { pid } of started.splice(0)) endFamily(pid ?? 0)
})

/** A leader with a child that has a child, which says its pid. */
async function family(): Promise<{ leader: number; grandchild: number }> {
  const script = 'sh -c "sh -c \'echo \\$\\$; exec sleep 600\' & wait" & wait'
  const child = spawn('sh', ['-c', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  started.push(child)
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  return { leader: child.pid ?? 0, grandchild: Number(said.toString()) }
}

describe.skipIf(process.platform !== 'linux')('a process and what it has started', () => {
  test('are measured together', async () => {
    const { leader, grandchild } = await family()
    const own = residentBytes(leader) ?? 0
    const least = own + (residentBytes(grandchild) ?? 0)
    expect(own).toBeGreaterThan(0)
    await expect
      .poll(() => new ProcessFamily(leader, COUNT_MAX).residentBytes())
      .toBeGreaterThanOrEqual(least)
  })

  test('are counted, up to a bound', async () => {
    const { leader } = await family()
    const count = (countMax: number): number => {
      const all = new ProcessFamily(leader, countMax)
      all.residentBytes()
      return all.count
    }
    await expect.poll(() => count(COUNT_MAX)).toBe(2)
    expect(count(1)).toBe(2)
    expect(count(0)).toBe(1)
  })

  test('end together', async () => {
    const { leader, grandchild } = await family()
    expect(endFamily(leader)).toBe(true)
    await expect.poll(() => residentBytes(grandchild)).toBeNull()
    await expect.poll(() => new ProcessFamily(leader, COUNT_MAX).residentBytes()).toBeNull()
  })

  test('nobody is ended for a process that could not be started', () => {
    expect(endFamily(0)).toBe(false)
  })
})
