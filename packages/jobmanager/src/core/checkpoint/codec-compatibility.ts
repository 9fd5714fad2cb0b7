// Can values that were written under one codec descriptor be read under another? Answered from descriptors alone, so that
// a restore is refused before anything is deployed (trap E6). It refuses what can surely not be bridged; a change of
// struct fields it lets pass, since whether an added field has a default is known only to the job's code, where the
// slot decides the same question again before it reads an entry.

import {
  isDescriptor,
  isSchemaObject,
  sameSchema,
  SCHEMA_DEPTH_MAX,
} from '@weirjs/common/core/graph/codec-schema'
import type { CodecDescriptor } from '@weirjs/common/core/graph/logical-graph'

/** Why values written as `written` cannot become values of `declared`, or null when they can. */
export function incompatibility(
  written: CodecDescriptor,
  declared: CodecDescriptor,
): string | null {
  return differ(written, declared, '', 0)
}

function differ(
  written: CodecDescriptor,
  declared: CodecDescriptor,
  place: string,
  depth: number,
): string | null {
  if (depth > SCHEMA_DEPTH_MAX) return `${at(place)}the type is nested too deeply`
  if (
    written.name !== declared.name &&
    (declared.name === 'nullable' || declared.name === 'optional')
  ) {
    const inner = part(declared, 'of')
    return inner === null
      ? `${at(place)}the schema cannot be read`
      : differ(written, inner, place, depth + 1)
  }
  if (written.name !== declared.name || written.version !== declared.version) {
    return `${at(place)}written as ${show(written)}, now declared as ${show(declared)}`
  }
  switch (written.name) {
    case 'list':
    case 'nullable':
    case 'optional':
      return differParts(written, declared, ['of'], place, depth)
    case 'map':
      return differParts(written, declared, ['key', 'value'], place, depth)
    case 'struct':
      return differStruct(written, declared, place, depth)
    default:
      return sameSchema(written.schema, declared.schema)
        ? null
        : `${at(place)}the schema of ${show(written)} changed`
  }
}

function differParts(
  written: CodecDescriptor,
  declared: CodecDescriptor,
  names: readonly string[],
  place: string,
  depth: number,
): string | null {
  for (const name of names) {
    const [was, is] = [part(written, name), part(declared, name)]
    if (was === null || is === null) return `${at(place)}the schema cannot be read`
    const problem = differ(was, is, place, depth + 1)
    if (problem !== null) return problem
  }
  return null
}

function differStruct(
  written: CodecDescriptor,
  declared: CodecDescriptor,
  place: string,
  depth: number,
): string | null {
  const [were, are] = [fieldsOf(written), fieldsOf(declared)]
  if (were === null || are === null) return `${at(place)}the schema cannot be read`
  for (const [name, was] of were) {
    const is = are.get(name)
    const problem =
      is === undefined ? null : differ(was, is, place === '' ? name : `${place}.${name}`, depth + 1)
    if (problem !== null) return problem
  }
  return null
}

function fieldsOf(struct: CodecDescriptor): ReadonlyMap<string, CodecDescriptor> | null {
  const fields = isSchemaObject(struct.schema) ? struct.schema['fields'] : undefined
  if (!Array.isArray(fields)) return null
  const found = new Map<string, CodecDescriptor>()
  for (const field of fields as readonly unknown[]) {
    if (
      !isSchemaObject(field) ||
      typeof field['name'] !== 'string' ||
      !isDescriptor(field['codec'])
    )
      return null
    found.set(field['name'], field['codec'])
  }
  return found
}

function part(descriptor: CodecDescriptor, name: string): CodecDescriptor | null {
  const found = isSchemaObject(descriptor.schema) ? descriptor.schema[name] : undefined
  return isDescriptor(found) ? found : null
}

function show(descriptor: CodecDescriptor): string {
  const name = isSchemaObject(descriptor.schema) ? descriptor.schema['name'] : undefined
  const what =
    typeof name === 'string'
      ? `${descriptor.name} ${name.slice(0, 60)}`
      : descriptor.name.slice(0, 60)
  return descriptor.version === 1 ? what : `${what} version ${descriptor.version}`
}

function at(place: string): string {
  return place === '' ? '' : `field ${place}: `
}
