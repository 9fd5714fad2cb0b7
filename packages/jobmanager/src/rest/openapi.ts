// The OpenAPI document of the read endpoints, made from the table of routes and nothing else.

import { z } from 'zod'
import type { RestRoute } from './route.ts'

export interface JsonObject {
  readonly [key: string]: unknown
}

export function openApiOf(routes: readonly RestRoute[], version: string): JsonObject {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Weir JobManager',
      version,
      description:
        'Read endpoints. Paths and field names are those of Apache Flink where the meaning is equal.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/v1' }],
    security: [{ bearer: [] }],
    paths: Object.fromEntries(routes.map((route) => [pathOf(route), { get: operationOf(route) }])),
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'The cluster token, or the read key that `weir cluster status` shows.',
        },
      },
      schemas: { Problem: PROBLEM },
    },
  }
}

const PROBLEM = {
  type: 'object',
  description: 'Problem details, RFC 9457.',
  required: ['type', 'title', 'status', 'detail', 'code'],
  properties: {
    type: { type: 'string', description: 'urn:weir:error: and the code.' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string', description: 'Stable; see the list of error codes.' },
    hint: { type: 'string' },
  },
} as const

/** `{name}` for `:name`. */
const pathOf = ({ path }: RestRoute): string => path.replaceAll(/:(\w+)/g, '{$1}')

/** Names of the parameters in a path, in order. */
export const parametersOf = ({ path }: RestRoute): readonly string[] =>
  [...path.matchAll(/:(\w+)/g)].map((match) => match[1] ?? '')

function operationOf(route: RestRoute): JsonObject {
  const { $schema: _, ...schema } = z.toJSONSchema(route.answer, { io: 'output' })
  return {
    summary: route.about,
    operationId: route.path.replaceAll(/\/:?(\w)/g, (_whole, first: string) => first.toUpperCase()),
    parameters: parametersOf(route).map((name) => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string' },
    })),
    responses: {
      200: { description: 'The answer.', content: { 'application/json': { schema } } },
      default: {
        description: 'A problem.',
        content: {
          'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
        },
      },
    },
  }
}
