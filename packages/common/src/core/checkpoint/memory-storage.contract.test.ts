import { MemoryStorage } from './memory-storage.ts'
import { describeCheckpointStorage } from './storage.contract.ts'

describeCheckpointStorage('MemoryStorage', async () => ({
  storage: new MemoryStorage(),
  close: async () => {},
}))
