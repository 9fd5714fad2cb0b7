// Graphs that the wire lets through and nobody can have meant: every field of a graph, with every value that its shape
// allows. The planner refuses each by one error of ours, or makes a plan of it; it never trips over one, nor takes long.

import { WeirError } from '@weirjs/common/core/errors'
import { nonsenseOf } from '@weirjs/common/rpc/documents.fixture'
import { GRAPH } from '@weirjs/common/rpc/documents'
import { expect, test } from 'vitest'
import { countingGraph, sampleSettings } from './graph-samples.ts'
import { planJob } from './planner.ts'

const CODEC = { name: 'dynamic', version: 1, schema: {} }

/** With something in every field that may be absent. */
function wholeGraph(): object {
  const graph = countingGraph()
  const nodes = graph.nodes.map((node) => ({
    parallelism: node.kind === 'source-enumerator' ? 1 : 2,
    maxParallelism: 128,
    bounded: true,
    location: 'job.ts:1',
    description: 'some',
    ...node,
    state: [{ name: 'n', kind: 'map', codec: CODEC, keyCodec: CODEC }],
  }))
  const edges = graph.edges.map((edge) => ({ ...edge, codec: CODEC }))
  return { ...graph, nodes, edges }
}

test('every graph that is one by its shape is planned or refused', () => {
  const wrong: string[] = []
  let planned = 0
  let refused = 0
  for (const { what, path, value } of nonsenseOf(GRAPH.check, wholeGraph())) {
    if (what === 'too many' || GRAPH.check.problem(value) !== null) continue
    try {
      planJob(value as Parameters<typeof planJob>[0], sampleSettings())
      planned += 1
    } catch (error) {
      refused += 1
      const isOurs = error instanceof WeirError && error.code.startsWith('job/')
      if (!isOurs) wrong.push(`${path.join('.')}, ${what}: ${String(error).slice(0, 300)}`)
      else if (error.message.length > 1_000)
        wrong.push(`${path.join('.')}, ${what}: told in ${error.message.length} characters`)
    }
  }
  expect(wrong).toEqual([])
  expect(planned).toBeGreaterThan(100)
  expect(refused).toBeGreaterThan(100)
})
