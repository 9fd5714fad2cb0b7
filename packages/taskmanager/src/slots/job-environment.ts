// What a job process finds in its environment: the machine's locale and paths, what the operator names, and nothing
// else. The cluster token and everything else that the TaskManager was started with stay out (D15, S13).

const ALWAYS: readonly string[] = [
  'PATH',
  'LANG',
  'TZ',
  'TMPDIR',
  'NODE_EXTRA_CA_CERTS',
  'NODE_COMPILE_CACHE',
]

/** Of the TaskManager's user. */
const PERSONAL: readonly string[] = ['HOME', 'USER', 'LOGNAME']

/** Node's native calls (files, DNS, zlib) of all slots share one pool of threads. */
export const POOL_THREADS_MIN = 4

export interface JobEnvironmentOptions {
  readonly own: Readonly<Record<string, string | undefined>>
  /** Names that the operator lets through. */
  readonly allowed: readonly string[]
  readonly slots: number
  /** The processes run as the user of the TaskManager. */
  readonly sameUser: boolean
}

export function jobEnvironment(options: JobEnvironmentOptions): Readonly<Record<string, string>> {
  const env: Record<string, string> = {
    UV_THREADPOOL_SIZE: `${Math.max(POOL_THREADS_MIN, options.slots * 2)}`,
  }
  const names = [...ALWAYS, ...(options.sameUser ? PERSONAL : []), ...options.allowed]
  for (const [name, value] of Object.entries(options.own)) {
    if (value === undefined) continue
    if (names.includes(name) || name.startsWith('LC_')) env[name] = value
  }
  return env
}
