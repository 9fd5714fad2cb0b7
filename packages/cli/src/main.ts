// Entry of the command `weir`: sets the engine up before anything big is loaded, and hands over. Compiled code is kept
// beside this file (not in a directory that others may write), which halves the start of every process.

import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { commandWord } from './command-word.ts'

if (process.env['NODE_COMPILE_CACHE'] === undefined) {
  const { directory } = enableCompileCache(join(import.meta.dirname, '.compile-cache'))
  // Processes started from here share it.
  if (directory !== undefined)
    process.env['NODE_COMPILE_CACHE'] = join(import.meta.dirname, '.compile-cache')
}

if (['jobmanager', 'taskmanager'].includes(commandWord(process.argv.slice(2)) ?? '')) {
  // Control processes make little garbage: a young generation that does not grow keeps them small.
  setFlagsFromString('--semi-space-growth-factor=1')
  // They live on what others send: no member of that leads to the prototype of all objects. Job processes keep this
  // accessor (as --disable-proto=delete takes it away), because packages of jobs may want it.
  Reflect.deleteProperty(Object.prototype, '__proto__')
}

await import('./process-cli.ts')
