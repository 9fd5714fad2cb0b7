// What the generators of reference pages share: write a page, or, with --check, fail when the one in the tree is stale.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** `path` from the repository's root; `tool` names the generator in the message. */
export function writePage(path, text, tool) {
  const file = join(root, path)
  if (!process.argv.includes('--check')) {
    writeFileSync(file, text)
    return
  }
  if (existsSync(file) && readFileSync(file, 'utf8') === text) {
    console.log(`${path} is fresh`)
    return
  }
  console.error(`${path} is stale\nrun: node tools/${tool}.mjs`)
  process.exitCode = 1
}
