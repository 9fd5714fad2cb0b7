// The form of what an entry of a job log says, checked behind its checksum, as far as a JobManager relies on it: what
// another release wrote, or a stranger, is refused by the name of its file and not somewhere inside a take-over. Unknown
// members are let through; graphs, plans and settings are looked at where they are used.

import { z } from 'zod'
import type { LogBody } from './job-history.ts'

const count = z.int().nonnegative()
const positive = z.int().positive()
const object = z.looseObject({})
const failure = z.looseObject({
  code: z.string(),
  message: z.string(),
  domain: z.string(),
  retry: z.string(),
})

const checkpoint = z.looseObject({
  checkpointId: positive,
  kind: z.string(),
  manifestPath: z.string(),
  manifestSha256: z.string(),
  triggeredAtMs: z.number(),
  completedAtMs: z.number(),
  stateBytes: z.number(),
})
const restore = z.looseObject({
  manifestPath: z.string(),
  checkpointId: positive,
  allowNonRestoredState: z.boolean(),
})
const submission = z.looseObject({
  submissionId: z.string(),
  graph: z.looseObject({
    name: z.string(),
    nodes: z.array(z.unknown()),
    edges: z.array(z.unknown()),
  }),
  plan: z.looseObject({
    jobName: z.string(),
    vertices: z.array(z.unknown()),
    edges: z.array(z.unknown()),
  }),
  settings: object,
  bundleHash: z.string(),
  args: object,
  submittedAtMs: z.number(),
  restore: restore.nullable(),
})
const loggedAttempt = z.looseObject({
  attempt: count,
  epoch: positive,
  atMs: z.number(),
  restoredFrom: positive.nullable(),
  failure: failure.nullable(),
})
const terminal = z.looseObject({
  state: z.enum(['FINISHED', 'FAILED', 'CANCELED']),
  failure: failure.nullable(),
  endedAtMs: z.number(),
})
const history = z.looseObject({
  submission,
  epoch: positive,
  nextCheckpointId: positive,
  highestCheckpointId: count,
  retained: z.array(checkpoint),
  finishing: positive.nullable(),
  cancelRequested: z.boolean(),
  terminal: terminal.nullable(),
  attempts: z.array(loggedAttempt),
  epochEntries: z.array(positive),
})

const FORMS: { readonly [Type in LogBody['type']]: z.ZodType } = {
  submitted: z.looseObject({ submission }),
  epoch: z.looseObject({ firstCheckpointId: positive, leader: z.string().optional() }),
  attempt: z.looseObject({
    attempt: count,
    restoredFrom: positive.nullable(),
    failure: failure.nullable(),
  }),
  ids: z.looseObject({ upTo: positive }),
  completed: z.looseObject({ checkpoint }),
  discarded: z.looseObject({ ids: z.array(positive) }),
  finishing: z.looseObject({ checkpointId: positive }),
  'cancel-requested': object,
  terminal,
  fold: z.looseObject({ history }),
}

/** What is wrong with a body, or null. */
export function wrongBody(body: unknown): string | null {
  const type = object.safeParse(body).data?.['type']
  if (typeof type !== 'string' || !Object.hasOwn(FORMS, type)) return 'it is no log entry'
  const parsed = FORMS[type as LogBody['type']].safeParse(body)
  if (parsed.success) return null
  const issue = parsed.error.issues[0]
  const where = issue === undefined ? '' : `: ${issue.path.join('.')}: ${issue.message}`
  return `it is no entry "${type}"${where}`
}
