// npm run reliability -- [--only SUITE,…]: runs the suites, keeps what they said below docs/internals/reliability, and makes
// docs/internals/reliability.md of it, and the verdicts in the README. --page makes only these; --page --check fails when
// those in the tree are stale.
// All suites take hours; each may be run by itself, and the page says date and commit for each.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { makePage, PAGE, withVerdicts } from './page.ts'
import { commitNow, machineNow, root, writeRecord } from './record.ts'
import { type Suite, SUITES } from './suites.ts'

const README = 'README.md'

const usage = `usage: reliability [--only SUITE,SUITE…] [--page [--check]]
  --only   ${SUITES.map(({ name }) => name).join(', ')} (default: all; hours)
  --page   run nothing, make ${PAGE} of the last results
  --check  with --page: write nothing, fail when it is stale`

function chosen(only: string | undefined): readonly Suite[] {
  if (only === undefined) return SUITES
  return only.split(',').map((name) => {
    const suite = SUITES.find((one) => one.name === name)
    if (suite === undefined) throw new Error(`there is no suite "${name}"`)
    return suite
  })
}

function runSuite(suite: Suite): boolean {
  console.error(`reliability: ${suite.command}`)
  const commit = commitNow()
  const startedMs = performance.now()
  const { passed, result } = suite.run()
  const wallSeconds = Math.round((performance.now() - startedMs) / 100) / 10
  const date = new Date().toISOString().slice(0, 10)
  const { name, command } = suite
  const machine = machineNow()
  writeRecord({ suite: name, command, date, commit, machine, wallSeconds, passed, result })
  console.error(`reliability: ${name} ${passed ? 'passed' : 'FAILED'} in ${wallSeconds} s`)
  return passed
}

/** The page, and the verdicts in the README. */
function page(check: boolean): boolean {
  const readme = readFileSync(join(root, README), 'utf8')
  const texts = [
    [PAGE, makePage()],
    [README, withVerdicts(readme)],
  ] as const
  return texts.map(([path, text]) => put(check, path, text)).every((fresh) => fresh)
}

function put(check: boolean, path: string, text: string): boolean {
  const file = join(root, path)
  if (!check) {
    writeFileSync(file, text)
    return true
  }
  const fresh = existsSync(file) && readFileSync(file, 'utf8') === text
  if (fresh) console.log(`${path} is fresh`)
  else console.error(`${path} is stale\nrun: npm run reliability -- --page`)
  return fresh
}

function main(): boolean {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      page: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(usage)
    return true
  }
  if (values.page) return page(values.check)
  const results = chosen(values.only).map(runSuite)
  page(false)
  return results.every((passed) => passed)
}

try {
  process.exitCode = main() ? 0 : 1
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  console.error(usage)
  process.exitCode = 2
}
