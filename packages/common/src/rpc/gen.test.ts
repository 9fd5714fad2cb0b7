import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

import { expect, it } from 'vitest'

it('the generated wire types are those of the .proto files', () => {
  const tool = fileURLToPath(new URL('../../../../tools/gen-proto.mjs', import.meta.url))
  expect(execFileSync(process.execPath, [tool, '--check'], { encoding: 'utf8' })).toContain('fresh')
})
