// What a job process finds in its environment: the machine's locale and paths, what the operator names, and nothing
// else. The cluster token and everything else that the TaskManager was started with stay out (D15, S13).

const ALWAYS: readonly string[] = [
  'PATH',
  'HOME',
  'LANG',
  'TZ',
  'TMPDIR',
  'USER',
  'LOGNAME',
  'NODE_EXTRA_CA_CERTS',
  'NODE_COMPILE_CACHE',
]

/** Node's native calls (files, DNS, zlib) of all slots share one pool of threads. */
export const POOL_THREADS_MIN = 4

export interface JobEnvironmentOptions {
  readonly own: Readonly<Record<string, string | undefined>>
  /** Names that the operator lets through. */
  readonly allowed: readonly string[]
  readonly slots: number
}

export function jobEnvironment(options: JobEnvironmentOptions): Readonly<Record<string, string>> {
  const env: Record<string, string> = {
    UV_THREADPOOL_SIZE: `${Math.max(POOL_THREADS_MIN, options.slots * 2)}`,
  }
  for (const [name, value] of Object.entries(options.own)) {
    if (value === undefined) continue
    if (ALWAYS.includes(name) || name.startsWith('LC_') || options.allowed.includes(name))
      env[name] = value
  }
  return env
}
