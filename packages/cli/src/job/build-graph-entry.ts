// The throw-away process in which the user's module is loaded at submit: it parses the job's arguments, builds the graph
// twice (the second time in a world with another clock and other chance), and answers with the plain result. Whatever
// the module does to its process ends with it.

import { pathToFileURL } from 'node:url'
import { type ArgumentDescription, type RawArguments } from '@weirjs/api/arguments'
import { assertDeterministic, buildJob, describeArgs, parseArgs } from '@weirjs/api/build-job'
import { findJob } from '@weirjs/api/define-job'
import { type Failure, toFailure } from '@weirjs/common/core/errors'
import { withUserLocation } from '@weirjs/common/core/user-location'
import { ownDirectory, resolveRuntimeFrom } from '@weirjs/common/node/runtime-modules'
import type { BuildAnswer, BuildRequest } from './build-protocol.ts'
import { explainLoad } from './load-errors.ts'

async function answer(request: BuildRequest): Promise<BuildAnswer> {
  let takes: readonly ArgumentDescription[] = []
  let code = 'job/load-failed'
  try {
    resolveRuntimeFrom(request.runtimeRoot)
    const module = await load(request)
    const definition = findJob(module, request.file)
    takes = describeArgs(definition)
    if (request.describeOnly === true) return { type: 'described', takes }
    const args: RawArguments = parseArgs(definition, request.argv, { directory: request.directory })
    code = 'job/build-failed'
    const { graph, settings } = buildJob(definition, args, request.submittedAtMs)
    assertDeterministic(definition, args, request.submittedAtMs)
    return { type: 'built', graph, settings, said: definition.said, args }
  } catch (thrown) {
    const failure: Failure = toFailure(thrown, { code, domain: 'user', retry: 'never' })
    return {
      type: 'failed',
      failure: withUserLocation(failure, [ownDirectory(request.runtimeRoot)]),
      takes,
    }
  }
}

async function load(request: BuildRequest): Promise<object> {
  try {
    return (await import(pathToFileURL(request.bundlePath).href)) as object
  } catch (thrown) {
    throw await explainLoad(thrown, request.file)
  }
}

/** A pipe takes what there is room for; the rest would go with the process. */
async function allPrinted(): Promise<void> {
  await Promise.all(
    [process.stdout, process.stderr].map(
      (stream) => new Promise<void>((resolve) => stream.write('', () => resolve())),
    ),
  )
}

// The channel is ours: modules tell a parent that they are "ready" where there is one, as in a slot there is not.
const send = process.send?.bind(process)
Reflect.deleteProperty(process, 'send')
process.once('message', (request: BuildRequest) => {
  // Cannot reject: every error becomes an answer.
  void answer(request).then((result) => {
    send?.(result, undefined, undefined, () => void allPrinted().then(() => process.exit(0)))
  })
})
process.once('disconnect', () => process.exit(0))
