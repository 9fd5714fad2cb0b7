// The REST interface and the page as one fastify application: routes from the table, problems for errors, the page's files
// as they are. Everything in it wants a secret; nothing in it changes anything. It does not listen: rest-server does, and
// builds it only when somebody asks, because most of its memory is the library's.

import { WeirError } from '@weirjs/common/core/errors'
import type { HttpAccess } from '@weirjs/common/node/http-access'
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { openApiOf } from './openapi.ts'
import { type PageFile, type PageFileName, readPageFiles } from './page-files.ts'
import { PROBLEM_CONTENT_TYPE, problemOf, noSuchThing } from './problem.ts'
import type { PathParameters, RestSource } from './route.ts'
import { REST_ROUTES } from './routes.ts'

const JSON_TYPE = 'application/json; charset=utf-8'
/** All requests are without body. */
const BODY_BYTES_MAX = 1_024
const PARAMETER_CHARS_MAX = 128

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
}

export interface RestAppOptions {
  readonly source: RestSource
  readonly access: HttpAccess
  /** Name of the cookie that the page's browser keeps; it has the port in it. */
  readonly cookie: () => string
  readonly version: string
  /** An error that is ours: to be logged, since the answer does not tell it. */
  readonly onMistake: (error: unknown, path: string) => void
}

/** Ready for `routing` and `inject`. */
export async function buildRestApp(options: RestAppOptions): Promise<FastifyInstance> {
  const files = await readPageFiles()
  const app = fastify({
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    routerOptions: { maxParamLength: PARAMETER_CHARS_MAX },
    // A path that is none: found before any hook runs, so before anybody is asked for a secret.
    frameworkErrors: (_error, _request, reply) => {
      // Cannot reject: it is the reply itself.
      void sendProblem(reply.headers(HEADERS), badRequest())
    },
  })
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(HEADERS)
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      reply.header('allow', 'GET, HEAD')
      throw new WeirError('rest/method', `${request.method} is not answered here`, {
        domain: 'user',
        hint: 'This interface only reads; use the weir command to change something.',
      })
    }
    if (!isAllowed(options, request, reply)) return signIn(request, reply, files)
  })
  app.setErrorHandler((error, request, reply) => {
    if (!(error instanceof WeirError)) options.onMistake(error, pathOf(request))
    return sendProblem(reply, error)
  })
  app.setNotFoundHandler((request, reply) =>
    sendProblem(
      reply,
      noSuchThing(`there is nothing at ${pathOf(request)}`, 'See /v1/openapi.json.'),
    ),
  )
  addRoutes(app, options)
  addPage(app, files)
  await app.ready()
  return app
}

function badRequest(): WeirError {
  const message = 'this path is too long, or no path at all'
  return new WeirError('rest/bad-request', message, {
    domain: 'user',
    hint: 'See /v1/openapi.json.',
  })
}

const pathOf = ({ url }: FastifyRequest): string => url.split('?', 1)[0]?.slice(0, 200) ?? ''

/** A secret in the header, the page's cookie, or, for the page's first load alone, the read key in its address. */
function isAllowed(options: RestAppOptions, request: FastifyRequest, reply: FastifyReply): boolean {
  const { access } = options
  const cookie = options.cookie()
  if (access.allows(request.headers, cookie)) return true
  if (pathOf(request) !== '/') return false
  const { token } = request.query as Readonly<Record<string, unknown>>
  if (typeof token !== 'string' || !access.allowsKey(token)) return false
  reply.header('set-cookie', access.setCookie(cookie, request.protocol === 'https'))
  return true
}

type Files = ReadonlyMap<PageFileName, PageFile>

/** A person gets a page that says where the address is found, a program a problem. */
function signIn(request: FastifyRequest, reply: FastifyReply, files: Files): FastifyReply {
  if (pathOf(request) === '/') {
    const file = files.get('sign-in.html')
    return reply
      .code(401)
      .type(file?.type ?? 'text/html')
      .send(file?.body ?? '')
  }
  reply.header('www-authenticate', 'Bearer realm="weir"')
  const message = 'the cluster token or its read key is missing or wrong'
  const hint =
    'Send it as "Authorization: Bearer …"; `weir cluster status` shows the address of the page.'
  return sendProblem(reply, new WeirError('rest/unauthorized', message, { domain: 'user', hint }))
}

function sendProblem(reply: FastifyReply, error: unknown): FastifyReply {
  const problem = problemOf(error)
  return reply
    .code(problem.status)
    .type(PROBLEM_CONTENT_TYPE)
    .send(`${JSON.stringify(problem)}\n`)
}

function addRoutes(app: FastifyInstance, { source, version }: RestAppOptions): void {
  for (const route of REST_ROUTES) {
    app.get(`/v1${route.path}`, async (request, reply) => {
      const answer = await route.handle(source, request.params as PathParameters)
      return reply.type(JSON_TYPE).send(JSON.stringify(answer))
    })
  }
  app.get('/v1/openapi.json', (_request, reply) =>
    reply.type(JSON_TYPE).send(JSON.stringify(openApiOf(REST_ROUTES, version))),
  )
}

function addPage(app: FastifyInstance, files: Files): void {
  for (const file of files.values()) {
    if (file.name === 'sign-in.html') continue
    const path = file.name === 'index.html' ? '/' : `/page/${file.name}`
    app.get(path, (_request, reply) => reply.type(file.type).send(file.body))
  }
}
