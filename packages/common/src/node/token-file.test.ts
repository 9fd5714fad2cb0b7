import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { readToken } from '../rpc/token.ts'
import { makeTokenOnce } from './token-file.ts'

let root = ''
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'weir-token-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

it('makes a token once, for its owner alone', async () => {
  const path = await makeTokenOnce(join(root, 'token'))
  const token = readToken(path)
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  await makeTokenOnce(path)
  expect(readToken(path)).toBe(token)
  expect(await readdir(root)).toEqual(['token'])
})

it('makes it anew where a full disk or a power cut has left an empty one', async () => {
  const path = join(root, 'token')
  await writeFile(path, '', { mode: 0o644 })
  await makeTokenOnce(path)
  expect(readToken(path)).toHaveLength(64)
  expect(await readdir(root)).toEqual(['token'])
})

it('gives all who come at once the same', async () => {
  const path = join(root, 'token')
  const comer = async (): Promise<string> => readToken(await makeTokenOnce(path))
  const tokens = await Promise.all(Array.from({ length: 20 }, comer))
  expect(new Set(tokens).size).toBe(1)
  expect(await readFile(path, 'utf8')).toBe(`${tokens[0]}\n`)
  expect(await readdir(root)).toEqual(['token'])
})

it('leaves what is no token to whoever reads it', async () => {
  const path = join(root, 'token')
  await writeFile(path, 'short\n', { mode: 0o600 })
  await makeTokenOnce(path)
  expect(() => readToken(path)).toThrow(expect.objectContaining({ code: 'config/token-weak' }))
})

it('says where it could not be written', async () => {
  const path = join(root, 'gone', 'token')
  await expect(makeTokenOnce(path)).rejects.toMatchObject({
    code: 'config/data-directory',
    message: expect.stringContaining(path),
  })
})
