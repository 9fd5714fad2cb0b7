import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SYSTEM_CALLS } from './fs-calls.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'weir-calls-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const at = (...names: readonly string[]): string => join(root, ...names)

describe('reading', () => {
  it('gives the bytes of a file', async () => {
    writeFileSync(at('file'), 'text')
    expect(Buffer.from(await SYSTEM_CALLS.readFile(at('file'))).toString()).toBe('text')
  })

  it('follows no link, waits for no pipe and reads no device', async () => {
    writeFileSync(at('secret'), 'text')
    symlinkSync(at('secret'), at('link'))
    spawnSync('mkfifo', [at('pipe')])
    await expect(SYSTEM_CALLS.readFile(at('link'))).rejects.toMatchObject({ code: 'ELOOP' })
    await expect(SYSTEM_CALLS.readFile(at('pipe'))).rejects.toMatchObject({ code: 'EINVAL' })
    await expect(SYSTEM_CALLS.readFile('/dev/zero')).rejects.toMatchObject({ code: 'EINVAL' })
  })

  it('refuses a directory as that', async () => {
    await expect(SYSTEM_CALLS.readFile(root)).rejects.toMatchObject({ code: 'EISDIR' })
  })
})

describe('removing a tree', () => {
  it('takes all that is in it and leaves nothing beside it', async () => {
    mkdirSync(at('tree', 'below', 'deep'), { recursive: true })
    for (const path of ['one', 'below/two', 'below/deep/three']) writeFileSync(at('tree', path), '')
    await SYSTEM_CALLS.removeTree(at('tree'))
    await SYSTEM_CALLS.removeTree(at('tree'))
    expect(readdirSync(root)).toEqual([])
  })

  it('takes a link, and nothing that it leads to', async () => {
    mkdirSync(at('elsewhere'))
    writeFileSync(at('elsewhere', 'file'), '')
    mkdirSync(at('tree'))
    symlinkSync(at('elsewhere'), at('tree', 'link'))
    await SYSTEM_CALLS.removeTree(at('tree'))
    expect(readdirSync(root)).toEqual(['elsewhere'])
    expect(readdirSync(at('elsewhere'))).toEqual(['file'])
  })
})
