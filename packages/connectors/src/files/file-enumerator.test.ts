import { ManualScheduler } from '@weirjs/common/core/manual-scheduler'
import { describe, expect, it } from 'vitest'
import {
  FileEnumerator,
  type FileEnumeratorOptions,
  type FileEnumeratorState,
  type FileSplit,
} from './file-enumerator.ts'
import { MemoryFileSystem } from './memory-file-system.ts'

/** More than a call takes as arguments. */
const SPLITS = 300_000

describe('FileEnumerator', () => {
  it.each([null, 1_000])('takes as many splits as a file has (watching: %j)', async (watchMs) => {
    const fs = new MemoryFileSystem()
    fs.put('/in/x', 'content')
    const context = { parallelism: 1, scheduler: new ManualScheduler(), wake: () => {} }
    const enumerator = new FileEnumerator(context, null, {
      fs,
      path: '/in',
      watchMs,
      allowEmpty: false,
      splitsOf: async () => Array.from({ length: SPLITS }, (_, i) => ({ id: String(i) })),
    })
    await enumerator.start()
    expect(enumerator.snapshot().pending).toHaveLength(SPLITS)
    await enumerator.close()
  })

  it('numbers splits as it hands them out, over restarts', async () => {
    const fs = new MemoryFileSystem()
    for (const name of ['a', 'b', 'c', 'd']) fs.put(`/in/${name}`, 'content')
    const context = { parallelism: 2, scheduler: new ManualScheduler(), wake: () => {} }
    const options: FileEnumeratorOptions<FileSplit> = {
      fs,
      path: '/in',
      watchMs: null,
      allowEmpty: false,
      splitsOf: async ({ path }) => [{ id: path }],
    }
    const handedOut: unknown[] = []
    let state: FileEnumeratorState<FileSplit> | null = null
    for (let round = 0; round < 2; round++) {
      const enumerator: FileEnumerator<FileSplit> = new FileEnumerator(context, state, options)
      await enumerator.start()
      for (const subtask of [0, 1]) enumerator.readerIdle(subtask)
      const assigned = enumerator.poll()
      if (typeof assigned !== 'string')
        handedOut.push(...assigned.map(({ split }) => [split.id, split.order]))
      state = enumerator.snapshot()
      await enumerator.close()
    }
    expect(handedOut).toEqual([
      ['/in/a', 0],
      ['/in/b', 1],
      ['/in/c', 2],
      ['/in/d', 3],
    ])
  })
})
