// A read endpoint: its path, what it says, the shape of its answer, and the function that makes it. The compiler holds
// the function against the shape; the OpenAPI document, the reference page and the contract tests come from the same row.

import type { Scheduler } from '@weirjs/common/core/clock'
import type { JobClient } from '@weirjs/common/job-client'
import { z } from 'zod'
import type { JobEntry } from '../job-entry.ts'

/** What the endpoints may look at. */
export interface RestSource {
  readonly client: JobClient
  /** Those that run here, with their measures. */
  readonly jobs: () => readonly JobEntry[]
  /** Configuration of this process; values of secrets have been masked. */
  readonly configuration: readonly ConfigEntry[]
  readonly scheduler: Scheduler
}

export interface ConfigEntry {
  readonly key: string
  readonly value: string
  readonly origin: string
}

export type PathParameters = Readonly<Record<string, string>>

export interface RestRoute {
  /** Below `/v1`, with `:name` for parameters. */
  readonly path: string
  /** One sentence. */
  readonly about: string
  readonly answer: z.ZodType
  readonly handle: (source: RestSource, parameters: PathParameters) => Promise<unknown>
}

export function route<Schema extends z.ZodType>(row: {
  readonly path: string
  readonly about: string
  readonly answer: Schema
  readonly handle: (source: RestSource, parameters: PathParameters) => Promise<z.infer<Schema>>
}): RestRoute {
  return row
}

// ---- shapes that several endpoints share ----

/** Milliseconds since 1970. */
export const time: z.ZodNumber = z.number().meta({ description: 'Milliseconds since 1970.' })
/** -1: not yet. */
export const maybeTime: z.ZodNumber = z
  .number()
  .meta({ description: 'Milliseconds since 1970; -1: not yet.' })
export const milliseconds: z.ZodNumber = z.number().meta({ description: 'Milliseconds.' })
export const bytes: z.ZodNumber = z.number().meta({ description: 'Bytes.' })
export const count: z.ZodNumber = z.number().int().min(0)
export const ratio: z.ZodNumber = z.number().min(0).max(1)
export const text: z.ZodString = z.string()
