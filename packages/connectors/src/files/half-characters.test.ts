// JavaScript's texts may have halves of characters in them, and UTF-8 cannot.

import { SinkAttempt } from '@weirjs/api/contracts/sink-run.contract'
import type { Sink } from '@weirjs/api/connector'
import { struct } from '@weirjs/api/struct'
import { text } from '@weirjs/api/types'
import { expect, it } from 'vitest'
import { csvFiles, ndjsonFiles, textFiles } from './files.ts'
import { MemoryFileSystem } from './memory-file-system.ts'

const Word = struct('Word', { word: text() })
const HALF = 'a\ud800'
const fileSystem = new MemoryFileSystem()
const start = (sink: unknown): SinkAttempt<unknown> =>
  new SinkAttempt(sink as Sink<unknown, never, never>, { attempt: 1, subtasks: 1 })

it.each([
  ['text', textFiles('/text', { fileSystem }), HALF],
  ['CSV', csvFiles('/csv', Word, { fileSystem }), { word: HALF }],
  ['the head of CSV', csvFiles('/head', { fileSystem }), { [HALF]: 'a' }],
])('is not written as something else: %s', async (_, sink, record) => {
  const run = start(sink)
  await expect(run.write(0, record)).rejects.toMatchObject({ code: 'files/record-not-writable' })
  await run.close()
})

it('is what JSON has a word for', async () => {
  const run = start(ndjsonFiles('/ndjson', Word, { fileSystem }))
  await run.write(0, { word: HALF })
  await run.commit(await run.snapshot(1))
  const [path = ''] = fileSystem.paths()
  expect(Word.from(JSON.parse(fileSystem.text(path)))).toEqual({ word: HALF })
  await run.close()
})
