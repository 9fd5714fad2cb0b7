import { expect, test } from 'vitest'
import { commandWord, OPTIONS_WITH_WORD } from './command-word.ts'
import type { Cli } from './cli.ts'
import { buildProgram } from './program.ts'

test.each([
  [['jobmanager', '--port', '0'], 'jobmanager'],
  [['--no-color', 'jobmanager'], 'jobmanager'],
  [['--cluster', 'taskmanager', '-q', 'job', 'list'], 'job'],
  [['--cluster=taskmanager', 'run', 'jobmanager'], 'run'],
  [['-o', 'json', 'taskmanager'], 'taskmanager'],
  [['--version'], undefined],
  [[], undefined],
])('%j is %s', (argv, command) => {
  expect(commandWord(argv)).toBe(command)
})

test('every option that stands before a command and takes a word is known', () => {
  const options = buildProgram({} as Cli).options.filter(({ required }) => required)
  const spellings = options.flatMap(({ short, long }) =>
    [short, long].filter((one) => one !== undefined),
  )
  expect(OPTIONS_WITH_WORD.toSorted()).toEqual(spellings.toSorted())
})
