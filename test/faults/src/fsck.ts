// Looks at a checkpoint storage while nobody uses it: the newest manifest of each job must name nothing that is not there,
// byte for byte. It reads files and knows nothing of the engine.

import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface NamedFile {
  readonly path: string
  readonly bytes: number
  readonly sha256: string
}

/** One line for each file that is missing, too short or different. */
export function danglingReferences(root: string): readonly string[] {
  if (!existsSync(root)) return []
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(root, name))
    .flatMap((job) =>
      newestManifest(job).flatMap((manifest) =>
        filesIn(manifest).flatMap((file) => problemsOf(job, file)),
      ),
    )
}

function newestManifest(job: string): readonly unknown[] {
  const ids = readdirSync(job)
    .flatMap((name) => /^chk-(\d+)$/.exec(name)?.[1] ?? [])
    .map(Number)
    .filter((id) => existsSync(join(job, `chk-${id}`, 'manifest')))
  if (ids.length === 0) return []
  const text = readFileSync(join(job, `chk-${Math.max(...ids)}`, 'manifest'), 'utf8')
  return [JSON.parse(text.slice(text.indexOf('\n') + 1))]
}

/** Wherever in the manifest they stand. */
function filesIn(value: unknown): readonly NamedFile[] {
  if (typeof value !== 'object' || value === null) return []
  if ('path' in value && 'sha256' in value && 'bytes' in value) return [value as NamedFile]
  return Object.values(value).flatMap(filesIn)
}

function problemsOf(job: string, { path, bytes, sha256 }: NamedFile): readonly string[] {
  const full = join(job, path)
  if (!existsSync(full)) return [`${path} is missing`]
  const found = readFileSync(full)
  if (found.length !== bytes) return [`${path} has ${found.length} bytes, not ${bytes}`]
  const hash = createHash('sha256').update(found).digest('hex')
  return hash === sha256 ? [] : [`${path} has other bytes than its manifest says`]
}
