// npm run prove: properties, attacks on decoders and damage to files, with many cases instead of a few. WEIR_SEED says which.
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Parts of the names of the test files that know of many cases (codec/runs.contract). */
const FILES = [
  'common/src/codec/',
  'hostile',
  'key-groups',
  'credit-ledger',
  'barrier-aligner',
  'timers.random',
  'retention',
  'restart-policy',
  'conformance/corruption',
  'error-paths',
  'fs-storage-errors',
]

const test = join(dirname(fileURLToPath(import.meta.url)), 'test.mjs')
const projects = ['--project', 'unit', '--project', 'conformance']
const result = spawnSync(
  process.execPath,
  [test, ...projects, '--testTimeout=900000', ...FILES, ...process.argv.slice(2)],
  { stdio: 'inherit', env: { ...process.env, WEIR_PROVE: '1' } },
)
process.exit(result.status ?? 1)
