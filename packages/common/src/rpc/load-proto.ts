// The services as grpc-js wants them, read from the .proto files when first asked for (some 20 ms). The files lie in
// the checkout's proto/ folder, for src and dist alike, and inside the packed package. Options must be those that
// tools/gen-proto.mjs gave to the type generator: the generated types describe exactly what these produce.

import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { loadSync, type Options, type PackageDefinition } from '@grpc/proto-loader'

import { WeirError } from '../core/errors.ts'
import type { CoordinatorServiceDefinition } from './gen/weir/v1/CoordinatorService.ts'
import type { JobServiceDefinition } from './gen/weir/v1/JobService.ts'
import type { WorkerServiceDefinition } from './gen/weir/v1/WorkerService.ts'

export interface WireServices {
  readonly coordinator: CoordinatorServiceDefinition
  readonly worker: WorkerServiceDefinition
  readonly job: JobServiceDefinition
}

const LOADER_OPTIONS: Options = {
  longs: String,
  enums: String,
  defaults: true,
  arrays: true,
  objects: true,
  oneofs: true,
}

/** The checkout's, then the packed package's (a left-over copy in a checkout is not used); seen from src or dist. */
const PLACES: readonly string[] = ['../../../../proto/', '../../proto/']

let loaded: WireServices | null = null

export function wireServices(): WireServices {
  loaded ??= load()
  return loaded
}

function load(): WireServices {
  const files = ['weir/v1/control.proto', 'weir/v1/job.proto']
  const found = loadSync(files, { ...LOADER_OPTIONS, includeDirs: [protoDirectory()] })
  return {
    coordinator: service<CoordinatorServiceDefinition>(found, 'CoordinatorService'),
    worker: service<WorkerServiceDefinition>(found, 'WorkerService'),
    job: service<JobServiceDefinition>(found, 'JobService'),
  }
}

function service<D>(found: PackageDefinition, name: string): D {
  return found[`weir.v1.${name}`] as unknown as D
}

function protoDirectory(): string {
  for (const place of PLACES) {
    const directory = fileURLToPath(new URL(place, import.meta.url))
    if (existsSync(`${directory}weir/v1/control.proto`)) return directory
  }
  throw new WeirError('rpc/proto-missing', 'the .proto files of this installation are missing', {
    domain: 'internal',
    retry: 'never',
    hint: 'Install @weirjs/common anew.',
  })
}
