// npm run test:bad-input: whatever people and strangers get wrong, at every door. All but the attack on ports is in `npm test`, too.
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Parts of the names of test files; docs/internals/bad-input.md says what each is about. */
const FILES = [
  'bad-values',
  'bad-settings',
  'settings-check',
  'job-bounds',
  'bad-flags',
  'bad-fields',
  'bad-answers',
  'bad-exchange',
  'bad-documents',
  'bad-graphs',
  'bad-requests',
  'bad-files',
  'hostile',
  'strangers',
  'rpc/security',
  'rpc/convert',
  'secrets',
  'exposure',
  'gates',
  'regexes',
  'cluster/bad-input',
  'cluster/broken-jobs',
  'cluster/canaries',
  'cluster/command-line',
  'cluster/full-disk',
]

const test = join(dirname(fileURLToPath(import.meta.url)), 'test.mjs')
const projects = ['unit', 'cluster', 'attack'].flatMap((name) => ['--project', name])
const result = spawnSync(
  process.execPath,
  [test, ...projects, ...FILES, ...process.argv.slice(2)],
  { stdio: 'inherit' },
)
process.exit(result.status ?? 1)
