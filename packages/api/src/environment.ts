// What a job's build function gets: the place where streams begin. It lives for one build.

import { callSite } from './call-site.ts'
import { DEAD_LETTERS, type DeadLetter, type Source } from './connector.ts'
import { deadLetterType } from './dead-letters.ts'
import { DataStream } from './data-stream.ts'
import { bareCodec } from './declared-type.ts'
import type { GraphBuilder } from './graph-builder.ts'
import type { Secret, SecretKeeper } from './secret.ts'
import { StreamKit, requiredUid } from './stream-kit.ts'
import { type Watermarks, watermarkRuntime } from './watermarks.ts'

export interface SourceOptions<T> {
  /** The identity of the source over upgrades: its position in the input is found by it. */
  readonly uid: string
  readonly name?: string
  /** Subtasks that read. Default: the job's parallelism. */
  readonly parallelism?: number
  /** Event time of the records. Default: what the connector says, else none. */
  readonly watermarks?: Watermarks<T>
}

/** Side outputs of every source. */
export interface SourceSides {
  readonly 'dead-letters': DeadLetter
}

export interface EnvironmentOptions {
  readonly jobName: string
  readonly submittedAtMs: number
  readonly secrets: SecretKeeper
}

export class Environment {
  readonly jobName: string
  /** When the job was submitted, ms since 1970: the same in every build of its graph. Use it in place of the clock. */
  readonly submittedAtMs: number
  readonly #builder: GraphBuilder
  readonly #secrets: SecretKeeper
  readonly #kit: StreamKit

  /** Made by `buildJob`, not by authors. */
  constructor(builder: GraphBuilder, options: EnvironmentOptions) {
    this.jobName = options.jobName
    this.submittedAtMs = options.submittedAtMs
    this.#builder = builder
    this.#secrets = options.secrets
    this.#kit = new StreamKit(builder, (inlets, ports) => new DataStream(this.#kit, inlets, ports))
  }

  /**
   * A password or key that the TaskManagers hold: in the variable `WEIR_SECRET_DB_PASSWORD` for `db-password`, in the file
   * that `WEIR_SECRET_DB_PASSWORD_FILE` names, or in `taskmanager.secrets.directory`. Functions call `reveal()`. Throws
   * WeirError `job/bad-secret` for a name that none can have.
   */
  secret(name: string): Secret {
    return this.#secrets.handle(name, callSite())
  }

  /** The stream of a source's records; `.side('dead-letters')` are those that could not be read, where the source says so. */
  from<T>(source: Source<T>, options: SourceOptions<T>): DataStream<T, SourceSides> {
    const location = callSite()
    const { description, bounded } = source
    const reader = this.#builder.addNode({
      kind: 'source-reader',
      uid: requiredUid(options, 'a source', location),
      name: options.name,
      parallelism: options.parallelism,
      runtime: { kind: 'source-reader', source, watermarks: watermarkRuntime(options.watermarks) },
      bounded,
      description,
      location,
    })
    const enumerator = this.#builder.addNode({
      kind: 'source-enumerator',
      derivedFrom: reader,
      name: undefined,
      parallelism: 1,
      runtime: { kind: 'source-enumerator', source },
      bounded,
      description,
      location,
    })
    const port = { node: enumerator, tag: 'main', codec: bareCodec(source.splitCodec) }
    this.#builder.connect({ port, route: { kind: 'assign' } }, reader, 0)
    return this.#kit.leave(reader, {
      codec: source.record,
      sides: { [DEAD_LETTERS]: deadLetterType },
    })
  }
}
