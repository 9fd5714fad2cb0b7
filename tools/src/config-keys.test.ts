// No key of the configuration is accepted, explained and listed while nothing reads it: each is named where it is used,
// outside of the files that define and check it.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { CONFIG_KEYS } from '../../packages/common/src/node/config-keys.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const NOT_A_READER = /\.(test|contract|fixture)\.ts$|\/gen\/|\/config[^/]*\.ts$/
const COMMENT_LINE = /^\s*(\/\/|\/?\*).*$/gm

const readers = execFileSync('git', ['ls-files', 'packages'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((path) => /\/src\/.*\.ts$/.test(path) && !NOT_A_READER.test(path))
  .map((path) => readFileSync(join(root, path), 'utf8').replaceAll(COMMENT_LINE, ''))
  .join('\n')

test('every configuration key is read somewhere', () => {
  const keys = Object.keys(CONFIG_KEYS)
  expect(keys.length).toBeGreaterThan(50)
  expect(keys.filter((key) => !readers.includes(`'${key}'`))).toEqual([])
})
