// Looks at a checkpoint storage while nobody uses it: every checkpoint that a job's log retains must be there with all that
// its manifest names, byte for byte. It reads files and knows nothing of the engine but what `cat` shows of its formats.

import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface NamedFile {
  readonly path: string
  readonly bytes: number
  readonly sha256: string
}

interface Retained {
  readonly checkpointId: number
  /** Below the root. */
  readonly manifestPath: string
  readonly manifestSha256: string
}

interface LogBody {
  readonly type: string
  /** Of `completed`. */
  readonly checkpoint?: Retained
  /** Of `discarded`. */
  readonly ids?: readonly number[]
  /** Of `fold`: all that the entries before it said. */
  readonly history?: { readonly retained: readonly Retained[] }
}

const NEWEST_FIRST = (a: string, b: string): number => (a < b ? 1 : -1)

/** One line for each file that is missing, too short or different. */
export function danglingReferences(root: string): readonly string[] {
  if (!existsSync(root)) return []
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) =>
      retainedBy(join(root, name, 'log')).flatMap((one) => problemsOf(root, name, one)),
    )
}

/** What the log of a job keeps; none: it has completed nothing, or there is no log. */
function retainedBy(log: string): readonly Retained[] {
  if (!existsSync(log)) return []
  const names = readdirSync(log).filter((name) => /^\d{10}$/.test(name))
  const bodies: LogBody[] = []
  // Entries before the newest fold may be gone, one by one.
  for (const name of names.toSorted(NEWEST_FIRST)) {
    const { body } = sealed(readFileSync(join(log, name))) as { body: LogBody }
    bodies.unshift(body)
    if (body.type === 'fold') break
  }
  const retained = new Map<number, Retained>()
  for (const { checkpoint, ids, history } of bodies) {
    for (const one of history?.retained ?? []) retained.set(one.checkpointId, one)
    if (checkpoint !== undefined) retained.set(checkpoint.checkpointId, checkpoint)
    for (const id of ids ?? []) retained.delete(id)
  }
  return [...retained.values()]
}

/** JSON behind a line that says what it is. */
function sealed(bytes: Buffer): unknown {
  const text = bytes.toString('utf8')
  return JSON.parse(text.slice(text.indexOf('\n') + 1))
}

function problemsOf(root: string, job: string, retained: Retained): readonly string[] {
  const { checkpointId, manifestPath, manifestSha256 } = retained
  const say = (what: string): string => `checkpoint ${checkpointId} of job ${job}: ${what}`
  const full = join(root, manifestPath)
  if (!existsSync(full)) return [say(`${manifestPath} is missing`)]
  const manifest = readFileSync(full)
  if (hashOf(manifest) !== manifestSha256)
    return [say(`${manifestPath} has other bytes than the log says`)]
  return filesIn(sealed(manifest)).flatMap((file) => problemOf(join(root, job), file).map(say))
}

/** Wherever in the manifest they stand. */
function filesIn(value: unknown): readonly NamedFile[] {
  if (typeof value !== 'object' || value === null) return []
  if ('path' in value && 'sha256' in value && 'bytes' in value) return [value as NamedFile]
  return Object.values(value).flatMap(filesIn)
}

function problemOf(job: string, { path, bytes, sha256 }: NamedFile): readonly string[] {
  const full = join(job, path)
  if (!existsSync(full)) return [`${path} is missing`]
  const found = readFileSync(full)
  if (found.length !== bytes) return [`${path} has ${found.length} bytes, not ${bytes}`]
  return hashOf(found) === sha256 ? [] : [`${path} has other bytes than its manifest says`]
}

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
