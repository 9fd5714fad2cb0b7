import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeCheckpointStorage } from '../core/checkpoint/storage.contract.ts'
import { FsStorage } from './fs-storage.ts'

describeCheckpointStorage('FsStorage', async () => {
  const root = await mkdtemp(join(tmpdir(), 'weir-storage-'))
  return { storage: await FsStorage.open(root), close: () => rm(root, { recursive: true }) }
})
