// Gathers what the author's build function says, step by step, and closes it into a LogicalGraph and the table of
// functions beside it. Refuses what can be seen to be wrong here, each time with the line that it was written on.

import type { Codec } from '@weirjs/common/core/codec'
import {
  GRAPH_EDGES_MAX,
  GRAPH_NODES_MAX,
  type LogicalEdge,
  type LogicalGraph,
  type LogicalNode,
  type OperatorKind,
  PARALLELISM_MAX,
  type Partitioning,
  type StateDeclaration,
} from '@weirjs/common/core/graph/logical-graph'
import { operatorUid } from '@weirjs/common/core/ids'
import { isPrintable } from '@weirjs/common/core/printable'
import { assertStepCallable } from './callable.ts'
import { DEAD_LETTERS } from './connector.ts'
import type { EdgeRuntime, JobFunctions, NodeRuntime } from './functions.ts'
import { jobError } from './job-error.ts'
import type { EdgeDraft, Inlet, NodeDraft, Port } from './node-draft.ts'

const DEFAULT_GROUP = 'default'
/** Author's uids name state and files: no path separators, no `:` (that marks derived ids). */
const UID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/

export interface NodeRequest {
  /** Given by the author; absent: derived from kind and position. */
  readonly uid?: string | undefined
  /** Overrides `uid`: enumerators live beside their reader. */
  readonly derivedFrom?: NodeDraft
  readonly kind: OperatorKind
  readonly name: string | undefined
  readonly runtime: NodeRuntime
  readonly state?: readonly StateDeclaration[]
  readonly parallelism?: number | undefined
  readonly slotSharingGroup?: string | undefined
  readonly bounded?: boolean
  readonly description?: string
  readonly location: string | undefined
}

export class GraphBuilder {
  readonly #nodes: NodeDraft[] = []
  readonly #byId = new Map<string, NodeDraft>()
  readonly #edges: EdgeDraft[] = []
  /** Outputs whose type was declared by `returns`, and where; those that nobody reads yet. */
  readonly #declared = new Map<Port, string | undefined>()

  /**
   * Adds a step. Throws WeirError `job/duplicate-uid`, `job/bad-uid`, `job/parallelism-out-of-range`, `job/too-large`,
   * `job/not-a-function`.
   */
  addNode(request: NodeRequest): NodeDraft {
    const id = this.#idOf(request)
    this.#claim(id, request)
    assertStepCallable(request)
    const node: NodeDraft = {
      id,
      explicitUid: request.uid !== undefined || request.derivedFrom?.explicitUid === true,
      kind: request.kind,
      runtime: request.runtime,
      state: request.state ?? [],
      location: request.location,
      description: request.description,
      bounded: request.bounded,
      serves: request.derivedFrom,
      name: request.name ?? request.uid ?? request.kind,
      parallelism: checkParallelism(request.parallelism, 'parallelism', request.location),
      maxParallelism: undefined,
      slotSharingGroup: request.slotSharingGroup,
      chaining: 'always',
    }
    this.#nodes.push(node)
    this.#byId.set(id, node)
    return node
  }

  /** The loose end with a declared type, which somebody is to read. */
  declareType(inlet: Inlet, codec: Codec, location: string | undefined): Inlet {
    const port = { ...inlet.port, codec }
    this.#declared.delete(inlet.port)
    this.#declared.set(port, location)
    return { ...inlet, port }
  }

  /** Joins a loose end to an input of `to`. `codec` is the consumer's wish. */
  connect(inlet: Inlet, to: NodeDraft, input: 0 | 1, codec?: Codec): void {
    this.#declared.delete(inlet.port)
    this.#edges.push({ inlet, to, input, codec })
    if (this.#edges.length <= GRAPH_EDGES_MAX) return
    throw jobError('too-large', `a job has at most ${GRAPH_EDGES_MAX} edges`, {
      location: to.location,
    })
  }

  /** Closes the graph. Throws WeirError `job/empty`, `job/unused-stream`, `job/parallelism-out-of-range`. */
  finish(
    name: string,
    location: string | undefined,
  ): { graph: LogicalGraph; functions: JobFunctions } {
    if (this.#nodes.length === 0) {
      throw jobError('empty', `job "${name}" has no steps`, {
        location,
        hint: 'Its build function reads from a source with env.from(...) and ends with .to(sink, ...).',
      })
    }
    this.#refuseLooseEnds()
    const groups = this.#slotSharingGroups()
    const nodes = this.#nodes.map((node) => finishNode(node, groups))
    const edges = this.#edges.map(finishEdge)
    return {
      graph: { version: 1, name, nodes, edges: edges.map((edge) => edge.logical) },
      functions: {
        nodes: new Map(this.#nodes.map((node) => [node.id, node.runtime])),
        edges: edges.map((edge) => edge.runtime),
      },
    }
  }

  #idOf(request: NodeRequest): string {
    if (request.derivedFrom !== undefined) return `${request.derivedFrom.id}:splits`
    if (request.uid === undefined) return `${request.kind}:${this.#nodes.length}`
    if (typeof request.uid === 'string' && UID_PATTERN.test(request.uid)) return request.uid
    throw jobError('bad-uid', `this is no uid: ${JSON.stringify(request.uid)}`, {
      location: request.location,
      hint: 'A uid is 1 to 100 letters, digits, ".", "_" and "-", and begins with a letter or digit.',
    })
  }

  #claim(id: string, request: NodeRequest): void {
    const other = this.#byId.get(id)
    if (other !== undefined) {
      throw jobError('duplicate-uid', `two steps have the uid "${id}"`, {
        location: request.location,
        hint: `The other one is at ${other.location ?? 'an unknown place'}. State is found by uid: give each its own.`,
      })
    }
    if (this.#nodes.length < GRAPH_NODES_MAX) return
    throw jobError('too-large', `a job has at most ${GRAPH_NODES_MAX} steps`, {
      location: request.location,
    })
  }

  #refuseLooseEnds(): void {
    const read = new Set(this.#edges.map((edge) => edge.inlet.port.node))
    for (const node of this.#nodes) {
      this.#refuseUnreadDeadLetters(node)
      if (node.kind === 'sink' || read.has(node)) continue
      throw jobError('unused-stream', `the records of step "${node.name}" go nowhere`, {
        location: node.location,
        hint: 'End the stream with .to(sink, { uid }), or take the step out. To throw records away, use discard().',
      })
    }
    for (const [{ node }, location] of this.#declared) {
      throw jobError(
        'unused-stream',
        `the records of step "${node.name}" go nowhere as returns(…) has them`,
        {
          location,
          hint: 'Go on from what it answers: const typed = stream.returns(Type). The stream that it is said of stays as it was.',
        },
      )
    }
  }

  #refuseUnreadDeadLetters(node: NodeDraft): void {
    if (node.runtime.kind !== 'source-reader' || node.runtime.source.deadLetters !== true) return
    const ends = this.#edges.map((edge) => edge.inlet.port)
    if (ends.some((port) => port.node === node && port.tag === DEAD_LETTERS)) return
    throw jobError(
      'unread-dead-letters',
      `nobody reads the dead letters of source "${node.name}"`,
      {
        location: node.location,
        hint: `Send them somewhere: stream.side('${DEAD_LETTERS}').to(…). To drop bad records, say badLines: 'skip'.`,
      },
    )
  }

  /** A step shares slots with its inputs when they agree, else with the default group. */
  #slotSharingGroups(): ReadonlyMap<NodeDraft, string> {
    const groups = new Map<NodeDraft, string>()
    for (const node of this.#nodes) {
      if (node.serves !== undefined) continue
      const inputs = this.#edges
        .filter((edge) => edge.to === node && edge.inlet.port.node.serves === undefined)
        .map((edge) => groups.get(edge.inlet.port.node) ?? DEFAULT_GROUP)
      const inherited = new Set(inputs).size === 1 ? inputs[0] : undefined
      groups.set(node, node.slotSharingGroup ?? inherited ?? DEFAULT_GROUP)
    }
    for (const node of this.#nodes) {
      if (node.serves !== undefined) groups.set(node, groups.get(node.serves) ?? DEFAULT_GROUP)
    }
    return groups
  }
}

/** `value` when it is absent or a parallelism; else throws WeirError `job/parallelism-out-of-range`. */
export function checkParallelism(
  value: number | undefined,
  what: string,
  location: string | undefined,
): number | undefined {
  if (value === undefined || (Number.isInteger(value) && value >= 1 && value <= PARALLELISM_MAX))
    return value
  throw jobError('parallelism-out-of-range', `${what} is ${value}`, {
    location,
    hint: `It is a whole number from 1 to ${PARALLELISM_MAX}.`,
  })
}

/** Of keyed state in a checkpoint; what is restored is found by its name. */
const NAMES_OF_TIMERS: ReadonlySet<string> = new Set(['timers-event', 'timers-processing'])

function finishNode(node: NodeDraft, groups: ReadonlyMap<NodeDraft, string>): LogicalNode {
  const { parallelism, maxParallelism, bounded, location, description } = node
  if (parallelism !== undefined && maxParallelism !== undefined && parallelism > maxParallelism) {
    throw jobError(
      'parallelism-out-of-range',
      `step "${node.name}" has parallelism ${parallelism}, above its maximum of ${maxParallelism}`,
      { location },
    )
  }
  if (!isPrintable(node.name)) {
    throw jobError('bad-name', `the name of step "${node.id}" has a control character in it`, {
      location,
    })
  }
  const taken = node.state.find(({ name }) => NAMES_OF_TIMERS.has(name))
  if (taken !== undefined) {
    throw jobError('bad-name', `a state of step "${node.name}" has the name "${taken.name}"`, {
      location,
      hint: 'Give it another one: in a checkpoint the timers of the step lie under this name.',
    })
  }
  return {
    id: operatorUid(node.id),
    explicitUid: node.explicitUid,
    name: node.serves === undefined ? node.name : `${node.serves.name} splits`,
    kind: node.kind,
    ...(parallelism === undefined ? {} : { parallelism }),
    ...(maxParallelism === undefined ? {} : { maxParallelism }),
    slotSharingGroup: groups.get(node) ?? DEFAULT_GROUP,
    chaining: node.chaining,
    state: node.state,
    ...(bounded === undefined ? {} : { bounded }),
    ...(location === undefined ? {} : { location }),
    ...(description === undefined ? {} : { description }),
  }
}

function finishEdge(edge: EdgeDraft): { logical: LogicalEdge; runtime: EdgeRuntime } {
  const { inlet, to, input } = edge
  const codec = edge.codec ?? inlet.port.codec
  const partitioning = finishRoute(inlet, to)
  return {
    logical: {
      from: operatorUid(inlet.port.node.id),
      output: inlet.port.tag,
      to: operatorUid(to.id),
      input,
      partitioning,
      keyed: partitioning.kind === 'hash',
      codec: codec.descriptor,
    },
    runtime: {
      codec,
      ...(inlet.key === undefined ? {} : { key: inlet.key }),
      ...(inlet.keyField === undefined ? {} : { keyField: inlet.keyField }),
      ...(inlet.partition === undefined ? {} : { partition: inlet.partition }),
    },
  }
}

function finishRoute(inlet: Inlet, to: NodeDraft): Partitioning {
  if (inlet.route.kind !== 'auto') return inlet.route
  return inlet.port.node.parallelism === to.parallelism
    ? { kind: 'forward' }
    : { kind: 'rebalance' }
}
