import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { WEIR_VERSION } from './version.ts'

test('is the version of the package', () => {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  expect((JSON.parse(text) as { version: string }).version).toBe(WEIR_VERSION)
})
