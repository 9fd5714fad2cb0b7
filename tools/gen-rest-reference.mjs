// Makes docs/reference/rest.md from the table of read endpoints and their schemas; with --check fails when the page is
// stale. Usage: node -C source tools/gen-rest-reference.mjs [--check]
import { z } from 'zod'
import { REST_ROUTES } from '../packages/jobmanager/src/rest/routes.ts'
import { writePage } from './write-page.mjs'

const HEAD = `# REST interface

<!-- Made by tools/gen-rest-reference.mjs from packages/jobmanager/src/rest. Do not edit. -->

The JobManager answers read requests over HTTP on \`rest.port\` (8081), bound to loopback unless \`rest.bind-address\` says
otherwise. Paths and field names are those of Apache Flink's REST interface where the meaning is equal; what Flink does not
have stands beside them. Nothing can be changed here. The page at \`/\` is made of these endpoints;
[watching a cluster](../operations/watching.md) is about it, and about \`/livez\`, \`/readyz\` and \`/metrics\`.

* **Who may read**: \`Authorization: Bearer …\` with the cluster token, or with the read key, which opens nothing else. The
  read key stands in the page's address, as \`weir cluster status\` shows it.
* **Errors** are problem details (RFC 9457, \`application/problem+json\`) with a stable \`code\` and, mostly, a \`hint\`.
* **Ids** of jobs may be shortened to what is unique.
* **Units**: times are milliseconds since 1970, durations milliseconds, sizes bytes. -1 is "not yet".
* \`/v1/openapi.json\` says the same as this page, for programs (OpenAPI 3.1).

\`\`\`console
# sample: what runs
$ curl -H "Authorization: Bearer $(cat .weir/cluster/token)" http://127.0.0.1:8081/v1/jobs/overview
\`\`\`
`

const cell = (text) => text.replaceAll('|', '\\|')

/** A schema in one line, as one would write its type. */
function typeOf(schema) {
  if (schema.enum !== undefined) return schema.enum.map((one) => JSON.stringify(one)).join(' or ')
  if (Array.isArray(schema.type))
    return schema.type.map((type) => typeOf({ ...schema, type })).join(' or ')
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeOf).join(' or ')
  if (schema.type === 'array') return `list of ${typeOf(schema.items)}`
  if (schema.type === 'integer' || schema.type === 'number') return 'number'
  return schema.type
}

/** The object behind lists and "or null"; null when there is none. */
function objectIn(schema) {
  if (schema.type === 'object') return schema
  if (schema.type === 'array') return objectIn(schema.items)
  return schema.anyOf?.map(objectIn).find((one) => one !== null) ?? null
}

function rows(schema, prefix = '') {
  return Object.entries(schema.properties ?? {}).flatMap(([name, member]) => {
    const path = `${prefix}${name}`
    const inner = objectIn(member)
    const list = typeOf(member).startsWith('list') ? '[]' : ''
    const row = `| \`${path}\` | ${cell(typeOf(member))} | ${cell(member.description ?? '')} |`
    return [row, ...(inner === null ? [] : rows(inner, `${path}${list}.`))]
  })
}

const section = ({ path, about, answer }) =>
  [
    `## GET /v1${path}`,
    '',
    about,
    '',
    '| field | type | |',
    '|---|---|---|',
    ...rows(z.toJSONSchema(answer, { io: 'output' })),
  ].join('\n')

const page = `${HEAD}
${REST_ROUTES.map(section).join('\n\n')}
`
writePage('docs/reference/rest.md', page, 'gen-rest-reference')
