import { HeapBackend } from './heap-backend.ts'
import { describeStateBackend } from './state-backend.contract.ts'

describeStateBackend('heap', (options) => new HeapBackend(options))
