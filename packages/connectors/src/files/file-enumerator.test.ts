import { ManualScheduler } from '@weirjs/common/core/manual-scheduler'
import { describe, expect, it } from 'vitest'
import { FileEnumerator } from './file-enumerator.ts'
import { MemoryFileSystem } from './memory-file-system.ts'

/** More than a call takes as arguments. */
const SPLITS = 300_000

describe('FileEnumerator', () => {
  it.each([null, 1_000])('takes as many splits as a file has (watching: %j)', async (watchMs) => {
    const fs = new MemoryFileSystem()
    fs.put('/in/x', 'content')
    const context = { parallelism: 1, scheduler: new ManualScheduler(), wake: () => {} }
    const enumerator = new FileEnumerator<number>(context, null, {
      fs,
      path: '/in',
      watchMs,
      allowEmpty: false,
      splitsOf: async () => Array.from({ length: SPLITS }, (_, i) => i),
    })
    await enumerator.start()
    expect(enumerator.snapshot().pending).toHaveLength(SPLITS)
    await enumerator.close()
  })
})
