import { constants, zstdCompressSync } from 'node:zlib'
import { type Snapshot, SourceRun } from '@weirjs/api/contracts/source-run.contract'
import { describe, expect, it } from 'vitest'
import { READ_BYTES } from './byte-blocks.ts'
import { textFiles } from './files.ts'
import { MemoryFileSystem } from './memory-file-system.ts'

const PATH = '/in/x.txt.zst'

const frame = (content: string, params: Record<number, number> = {}): Buffer =>
  zstdCompressSync(Buffer.from(content), { params })

/** Magic, length, content: for readers that know what it is. */
function skippable(content: string, kind = 0): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt32LE(0x184d_2a50 + kind, 0)
  head.writeUInt32LE(content.length, 4)
  return Buffer.concat([head, Buffer.from(content)])
}

function source(...parts: readonly Uint8Array[]) {
  const fileSystem = new MemoryFileSystem()
  fileSystem.put(PATH, Buffer.concat(parts))
  return textFiles(PATH, { fileSystem })
}

async function read(...parts: readonly Uint8Array[]): Promise<readonly string[]> {
  const run = await SourceRun.start(source(...parts), { readers: 1, batch: 10_000 })
  try {
    return await run.finish()
  } finally {
    await run.close()
  }
}

const checked = { [constants.ZSTD_c_checksumFlag]: 1 }
const unsized = { [constants.ZSTD_c_contentSizeFlag]: 0 }
const one = frame('one\n')
const two = frame('two\nthree\n')

describe('a zstd file', () => {
  it.each([
    ['of two frames', [one, two], ['one', 'two', 'three']],
    ['cut inside a line', [frame('o'), frame('ne\ntw'), frame('o')], ['one', 'two']],
    ['with a skippable frame between', [one, skippable('index'), two], ['one', 'two', 'three']],
    ['that begins with one', [skippable('', 15), one], ['one']],
    ['that ends with one', [one, skippable('seek table', 14)], ['one']],
    ['of empty frames', [frame(''), one, frame('', checked)], ['one']],
    ['with checksums', [frame('one\n', checked), frame('two\n', checked)], ['one', 'two']],
    ['without sizes', [frame('one\n', unsized), frame('two\n', unsized)], ['one', 'two']],
    ['of repetitions', [frame('x'.repeat(300_000)), frame('\ny')], ['x'.repeat(300_000), 'y']],
  ])('%s is read to its end', async (_, frames, expected) => {
    expect(await read(...frames)).toEqual(expected)
  })

  it('is read to its end wherever its frames are cut by the blocks of the file', async () => {
    const tail = Buffer.concat([skippable('', 3), frame('one\n', checked)])
    for (let cut = 0; cut <= tail.length; cut++) {
      const filler = skippable('x'.repeat(READ_BYTES - 8 - cut))
      expect(await read(filler, tail)).toEqual(['one'])
    }
  })

  it.each([
    ['ends inside its last frame', [one, two.subarray(0, -1)]],
    ['ends inside the header of its last frame', [one, two.subarray(0, 3)]],
    ['lacks the checksum of its last frame', [one, frame('two\n', checked).subarray(0, -4)]],
    ['ends inside a skippable frame', [one, skippable('index').subarray(0, -1)]],
    ['has something else behind a frame', [one, Buffer.from('and so on')]],
    ['is padded', [one, Buffer.alloc(512)]],
    ['is empty', []],
  ])('that %s is refused', async (_, parts) => {
    await expect(read(...parts)).rejects.toMatchObject({ code: 'files/damaged', location: PATH })
  })

  it('goes on in any frame after a restart', async () => {
    const lines = Array.from({ length: 1_000 }, (_, n) => `line ${n}`)
    const frames = Array.from({ length: 10 }, (_, n) =>
      frame(`${lines.slice(n * 100, (n + 1) * 100).join('\n')}\n`),
    )
    const file = source(...frames)
    const first = await SourceRun.start(file, { readers: 1, batch: 70 })
    const taken: { readonly snapshot: Snapshot; readonly emitted: number }[] = []
    while (!first.done) {
      await first.round()
      const emitted = first.output.values.length
      if (emitted > (taken.at(-1)?.emitted ?? 0) + 200)
        taken.push({ snapshot: first.snapshot(), emitted })
    }
    expect(first.output.values).toEqual(lines)
    expect(taken.length).toBeGreaterThan(3)
    for (const { snapshot, emitted } of taken) {
      const again = await SourceRun.start(file, { readers: 1, batch: 1_000 }, snapshot)
      expect(await again.finish()).toEqual(lines.slice(emitted))
      await again.close()
    }
    await first.close()
  })

  it('whose bytes cannot be read just now is not called damaged', async () => {
    const fileSystem = new MemoryFileSystem()
    fileSystem.put(PATH, one)
    fileSystem.hook = (operation) => {
      if (operation === 'read') throw Object.assign(new Error('the disk said no'), { code: 'EIO' })
    }
    const run = await SourceRun.start(textFiles(PATH, { fileSystem }), { readers: 1, batch: 10 })
    await expect(run.finish()).rejects.toMatchObject({ code: 'files/io', retry: 'backoff' })
    await run.close()
  })
})
