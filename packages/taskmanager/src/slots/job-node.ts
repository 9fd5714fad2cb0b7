// What a job process and its slot threads begin with.

const SOURCE = import.meta.url.endsWith('.ts')
const entryOf = (name: string): URL => new URL(`./${name}.${SOURCE ? 'ts' : 'js'}`, import.meta.url)

export const JOB_PROCESS_ENTRY: URL = entryOf('job-process-entry')
export const SLOT_THREAD_ENTRY: URL = entryOf('slot-thread-entry')

/** When Weir itself runs from source, so do its job processes. */
export const NODE_FLAGS: readonly string[] = [
  '--enable-source-maps',
  // No signal opens a debugger, which would run what anybody on this machine sends it.
  '--disable-sigusr1',
  ...(SOURCE ? ['-C', 'source', '--no-warnings'] : []),
]
