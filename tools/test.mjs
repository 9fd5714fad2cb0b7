// Runs vitest with the arguments given, and closes with one plain line that counts: "N passed, N failed, N skipped".
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const directory = mkdtempSync(join(tmpdir(), 'weir-tests-'))
const file = join(directory, 'results.json')
const passed = process.argv.slice(2)
const result = spawnSync(
  'vitest',
  ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`, ...passed],
  { stdio: 'inherit' },
)
let code = result.status ?? 1
try {
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(
    readFileSync(file, 'utf8'),
  )
  console.log(
    `${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests + numTodoTests} skipped`,
  )
} catch (error) {
  console.error(`no test results: ${String(error)}`)
  code = code === 0 ? 1 : code
} finally {
  rmSync(directory, { recursive: true, force: true })
}
process.exit(code)
