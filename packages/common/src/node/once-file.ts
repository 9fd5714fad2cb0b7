// Files that are made once and hold a few bytes: whole and durable under their name, or not there. What is written in place may
// be cut off by a full disk or a power cut, and an empty file would keep everybody from making it again.

import { randomUUID } from 'node:crypto'
import { link, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { codeOf } from './fs-errors.ts'

export interface OnceFile {
  readonly path: string
  readonly text: string
  readonly mode: number
}

/**
 * `there`: somebody else has made it. An empty one counts as none, because nobody writes one; of two who find it at once the
 * last one's stays, so what they write is the same, or one of them holds a lock.
 */
export async function createOnce({ path, text, mode }: OnceFile): Promise<'made' | 'there'> {
  const found = await readOrNull(path)
  if (found !== null && found !== '') return 'there'
  // Containers that share a directory may all have the same pid.
  const staging = `${path}.${randomUUID()}.new`
  try {
    await writeDurably(staging, text, mode)
    if (found === '') await rename(staging, path)
    else if (!(await linked(staging, path))) return 'there'
  } finally {
    await rm(staging, { force: true })
  }
  await syncDirectory(dirname(path))
  return 'made'
}

/** False: there is something of that name. */
export async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

export async function readOrNull(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ESRCH') return null
    throw error
  }
}

async function writeDurably(path: string, text: string, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
