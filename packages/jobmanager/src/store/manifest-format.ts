// The form of a stored manifest, version 1, checked after its checksum: what was written by another release, or by a
// stranger, is refused here and not somewhere inside a restore. Unknown members are let through.

import { openJson, sealJson } from '@weirjs/common/codec/envelope'
import type { Manifest } from '@weirjs/common/core/checkpoint/manifest'
import { WeirError } from '@weirjs/common/core/errors'
import { z } from 'zod'

const KIND = 'manifest'
const VERSION = 1

const count = z.int().nonnegative()
const descriptor = z.looseObject({ name: z.string(), version: z.int() })
const segment = z.looseObject({ offset: count, bytes: count, entries: count })
const keyed = z.looseObject({
  name: z.string(),
  kind: z.enum([
    'value',
    'list',
    'map',
    'reducing',
    'aggregating',
    'timers-event',
    'timers-processing',
  ]),
  codec: descriptor,
  keyCodec: descriptor.optional(),
  segments: z.array(segment.extend({ keyGroup: count })),
})
const list = z.looseObject({
  name: z.string(),
  mode: z.enum(['list', 'union', 'broadcast']),
  codec: descriptor,
  segment,
})
const operatorSnapshot = z.looseObject({
  uid: z.string(),
  keyed: z.array(keyed),
  lists: z.array(list),
  ended: z.boolean(),
  watermark: z.number(),
})
const file = z.looseObject({
  path: z.string(),
  bytes: count,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
})
const manifest = z.looseObject({
  version: z.literal(VERSION),
  jobId: z.string(),
  jobName: z.string(),
  epoch: count,
  checkpointId: z.int().positive(),
  triggeredAtMs: z.number(),
  completedAtMs: z.number(),
  final: z.boolean(),
  operators: z.array(
    z.looseObject({
      uid: z.string(),
      vertex: z.string(),
      parallelism: z.int().positive(),
      maxParallelism: z.int().positive(),
    }),
  ),
  tasks: z.array(
    z.looseObject({
      task: z.looseObject({ vertexId: z.string(), subtask: count }),
      snapshot: z.looseObject({ file: file.nullable(), operators: z.array(operatorSnapshot) }),
      stats: z.looseObject({ stateBytes: z.number() }),
    }),
  ),
  graph: z.looseObject({
    version: z.literal(1),
    nodes: z.array(z.unknown()),
    edges: z.array(z.unknown()),
  }),
  settings: z.looseObject({ parallelism: z.int() }),
})

export function sealManifest(value: Manifest): Uint8Array {
  return sealJson(KIND, VERSION, value)
}

/** Throws `state/file-damaged` or `restore/unknown-version`, naming the file as `located`. */
export function openManifest(bytes: Uint8Array, located: string): Manifest {
  const { version, value } = openJson(KIND, bytes, located)
  if (version !== VERSION) {
    const message = `${located} was written in format ${version}; this release knows ${VERSION}`
    throw new WeirError('restore/unknown-version', message, {
      domain: 'user',
      hint: 'Restore with the release that wrote it, or a newer one.',
    })
  }
  const parsed = manifest.safeParse(value)
  // Its checksum fits, and its form has been checked: what remains are the brands, which exist in types only.
  if (parsed.success) return parsed.data as unknown as Manifest
  const issue = parsed.error.issues[0]
  const where = issue === undefined ? '' : `${issue.path.join('.')}: ${issue.message}`
  throw new WeirError('state/file-damaged', `${located} is no manifest: ${where}`, {
    domain: 'external',
    retry: 'never',
    hint: 'Choose another checkpoint with -s.',
  })
}
