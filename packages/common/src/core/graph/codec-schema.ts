// Reading the schemas in codec descriptors, which come from manifests and bundles and may be anything that JSON can say.
// Decided twice by the same words: by the JobManager before it deploys a restore, and by the slot before it reads.

import type { CodecDescriptor } from './logical-graph.ts'

/** Types nested deeper than this are refused. */
export const SCHEMA_DEPTH_MAX = 64

export function isSchemaObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isDescriptor(value: unknown): value is CodecDescriptor {
  return (
    isSchemaObject(value) &&
    typeof value['name'] === 'string' &&
    typeof value['version'] === 'number'
  )
}

/** Equal as JSON, whatever the order of members. What is nested too deeply equals nothing. */
export function sameSchema(a: unknown, b: unknown): boolean {
  return sameJson(a, b, 0)
}

function sameJson(a: unknown, b: unknown, depth: number): boolean {
  if (Object.is(a, b)) return true
  if (depth > 2 * SCHEMA_DEPTH_MAX) return false
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, i) => sameJson(item, b[i], depth + 1))
  }
  if (!isSchemaObject(a) || !isSchemaObject(b)) return false
  const names = Object.keys(a)
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && sameJson(a[name], b[name], depth + 1))
  )
}
