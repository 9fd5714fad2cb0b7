// What every kind of stream does to the graph, in one place: add a step, join loose ends to it, hand out the stream that
// leaves it. Streams themselves are thin: they carry types and loose ends.

import type { Codec } from '@weirjs/common/core/codec'
import { dynamicCodec, jsonCodec } from '@weirjs/common/codec/dynamic-codec'
import type { DataStream } from './data-stream.ts'
import { bareCodec } from './declared-type.ts'
import type { GraphBuilder, NodeRequest } from './graph-builder.ts'
import { jobError } from './job-error.ts'
import type { Inlet, NodeDraft, Port } from './node-draft.ts'
import type { SideTypes } from './process-definitions.ts'

export const MAIN_OUTPUT = 'main'

/** Refuses a value whose type does not fit, with both types in the compiler's message. */
export type Fits<T, Wanted> = [T] extends [Wanted]
  ? unknown
  : { readonly 'does not take records of type': T }

/** The same for the type of a key. */
export type FitsKey<K, Wanted> = [K] extends [Wanted]
  ? unknown
  : { readonly 'does not take keys of type': K }

/** Options of a step that keeps no state under a name of its own, or has its uid from a definition. */
export interface StepOptions {
  readonly uid?: string
  readonly name?: string
}

/** Options of a stateful step. */
export interface StatefulOptions {
  /** The identity of the step over upgrades: its state is found by it. */
  readonly uid: string
  readonly name?: string
}

export interface SinkOptions extends StatefulOptions {
  /** Default: the job's. */
  readonly parallelism?: number
}

/** Ports of a step by tag. */
export type Ports = ReadonlyMap<string, Port>

/** Makes the stream of loose ends; `ports` are those of the step that was just added, for its side outputs. */
export type OpenStream = <T, Sides>(inlets: readonly Inlet[], ports: Ports) => DataStream<T, Sides>

export interface StepInput {
  readonly inlets: readonly Inlet[]
  /** What the step wants its records in; undefined: whatever they have. */
  readonly codec?: Codec | undefined
}

export interface StepOutput {
  readonly codec: Codec
  readonly sides?: SideTypes
}

export class StreamKit {
  readonly builder: GraphBuilder
  readonly open: OpenStream

  constructor(builder: GraphBuilder, open: OpenStream) {
    this.builder = builder
    this.open = open
  }

  /** Adds a step behind `inputs` and opens the stream that leaves it. */
  step<T, Sides = Record<never, never>>(
    request: NodeRequest,
    inputs: readonly StepInput[],
    output: StepOutput,
  ): DataStream<T, Sides> {
    const node = this.builder.addNode(request)
    this.attach(node, inputs)
    return this.leave(node, output)
  }

  /** Joins loose ends to the inputs of `node`. */
  attach(node: NodeDraft, inputs: readonly StepInput[]): void {
    for (const [number, input] of inputs.entries()) {
      for (const inlet of input.inlets) {
        this.builder.connect(
          inlet,
          node,
          number === 0 ? 0 : 1,
          consumerCodec(inlet.port.codec, input.codec),
        )
      }
    }
  }

  /** The stream of the main output of `node`. */
  leave<T, Sides = Record<never, never>>(
    node: NodeDraft,
    output: StepOutput,
  ): DataStream<T, Sides> {
    const main: Port = { node, tag: MAIN_OUTPUT, codec: bareCodec(output.codec) }
    const ports = new Map([[MAIN_OUTPUT, main]])
    for (const [tag, codec] of Object.entries(output.sides ?? {})) {
      if (tag === MAIN_OUTPUT) throw takenTag(node)
      ports.set(tag, { node, tag, codec: bareCodec(codec) })
    }
    return this.open([{ port: main, route: { kind: 'auto' } }], ports)
  }
}

/** Records of both would leave by one output, of two types. */
function takenTag({ name, location }: NodeDraft): Error {
  return jobError('bad-name', `a side output of step "${name}" has the name "${MAIN_OUTPUT}"`, {
    location,
    hint: 'Give it another one: this is what the output of emit is called.',
  })
}

/** A declared record type keeps its bytes; an undeclared one takes the consumer's declaration. */
function consumerCodec(present: Codec, wanted: Codec | undefined): Codec | undefined {
  return wanted !== undefined && isDynamic(present) ? bareCodec(wanted) : undefined
}

/** True for the codecs of undeclared records. */
export function isDynamic(codec: Codec): boolean {
  return codec === dynamicCodec || codec === jsonCodec
}

/** The codec of a step that passes on what it gets: that of its inputs when they agree, else the dynamic one. */
export function commonCodec(inlets: readonly Inlet[]): Codec {
  const [first, ...others] = inlets.map((inlet) => inlet.port.codec)
  if (first !== undefined && others.every((codec) => codec === first)) return first
  return dynamicCodec
}

/** The uid that the types demand, for authors who write JavaScript. Throws WeirError `job/missing-uid`. */
export function requiredUid(
  options: StatefulOptions | undefined,
  what: string,
  location: string | undefined,
): string {
  if (options?.uid !== undefined) return options.uid
  throw jobError('missing-uid', `${what} needs a uid`, {
    location,
    hint: "Give it one: { uid: 'a-name' }. State and pending output are found by it after an upgrade.",
  })
}
