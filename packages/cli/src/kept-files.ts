// The form of the files that commands keep for a user: named clusters, and the cluster of a directory. People edit and copy
// them, so what is read is held against its form, and a complaint says which part is wrong. Unknown members are let through.

import { readFileSync } from 'node:fs'
import { quoted } from '@weirjs/common/node/config-values'
import { z } from 'zod'
import type { ClusterFile } from './context.ts'
import type { NamedClusters } from './named-clusters.ts'

const ADDRESS = /^(?:[\w.-]{1,253}|\[[\da-f:]{2,45}\]):(\d{1,5})$/i

/** Whether it can be dialed. */
export function isAddress(said: string): boolean {
  const port = Number(ADDRESS.exec(said)?.[1] ?? 0)
  return port >= 1 && port <= 65_535
}

const address = z.string().refine(isAddress)
const directory = z.string()

export const contextsForm: z.ZodType<NamedClusters> = z.looseObject({
  version: z.literal(1),
  current: z.string().nullable(),
  clusters: z.record(
    z.string(),
    z.looseObject({
      address,
      tokenFile: z.string().nullable(),
      tlsDirectory: directory.nullable().exactOptional(),
    }),
  ),
})

export const clusterFileForm: z.ZodType<ClusterFile> = z.looseObject({
  version: z.literal(1),
  address,
  tokenFile: z.string(),
  tlsDirectory: directory.exactOptional(),
  dataDirectory: directory,
  startedAtMs: z.number(),
  processes: z.array(
    z.looseObject({
      role: z.enum(['jobmanager', 'taskmanager']),
      // A signal to process 0 or to a negative one would reach a whole group, this command's own perhaps.
      pid: z.int().positive(),
      birth: z.string().nullable(),
      log: z.string(),
      args: z.array(z.string()),
      health: z.string().exactOptional(),
    }),
  ),
})

/** `damaged` makes the error from what is wrong: a few words, '' where the file is no JSON or cannot be read. */
export function readKept<T>(
  path: string,
  form: z.ZodType<T>,
  damaged: (where: string, cause: unknown) => Error,
): T {
  let json: unknown
  try {
    json = JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw damaged('', cause)
  }
  const parsed = form.safeParse(json)
  if (parsed.success) return parsed.data
  const at = parsed.error.issues[0]?.path.join('.') ?? ''
  throw damaged(at === '' ? '' : `: see ${quoted(at)}`, parsed.error)
}
