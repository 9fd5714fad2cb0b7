// weir plan: what a job is made of, without running it.

import type { Command } from 'commander'
import type {
  LogicalEdge,
  LogicalGraph,
  LogicalNode,
} from '@weirjs/common/core/graph/logical-graph'
import { shownValues } from '@weirjs/common/core/secret-names'
import type { Cli, GlobalOptions } from '../cli.ts'
import { type JobOptions, prepareJob } from '../job/prepare.ts'
import { show, type WideColumn } from '../output/show.ts'
import { jobCommand, splitWords } from './run.ts'

interface PlanOptions extends GlobalOptions, JobOptions {
  readonly mermaid?: boolean
}

export function addPlanCommand(program: Command, cli: Cli): void {
  jobCommand(program.command('plan'))
    .description('print the graph of a job without running it')
    .option('--mermaid', 'as a Mermaid flowchart')
    .action(async (words: readonly string[], _own: object, command: Command) => {
      const options: PlanOptions = command.optsWithGlobals()
      const terminal = cli.terminal(options)
      const { file, argv } = splitWords(words)
      const flags = command.options.map((option) => option.long ?? '')
      const { built } = await prepareJob(cli, {
        file,
        argv,
        options,
        flags,
        print: (chunk) => terminal.say(chunk.trimEnd()),
      })
      const { graph, settings } = built
      const config = shownValues(settings.config)
      const args = shownValues(built.args)
      show<LogicalNode>(terminal, options, {
        json: { graph, settings: { ...settings, config }, args },
        names: graph.nodes.map(({ id }) => id),
        ...(options.mermaid === true ? { lines: mermaid(graph) } : {}),
        columns: columns(graph, settings.parallelism),
        rows: graph.nodes,
      })
    })
}

function columns(graph: LogicalGraph, parallelism: number): readonly WideColumn<LogicalNode>[] {
  const inputs = (node: LogicalNode): string =>
    graph.edges
      .filter((edge) => edge.to === node.id)
      .map((edge) => `${edge.from} (${label(edge)})`)
      .join(', ')
  return [
    { title: 'STEP', cell: (n) => n.id },
    { title: 'NAME', cell: (n) => n.name, wide: true },
    { title: 'KIND', cell: (n) => n.kind },
    { title: 'PARALLELISM', cell: (n) => `${n.parallelism ?? parallelism}`, align: 'right' },
    { title: 'STATE', cell: (n) => n.state.map((s) => `${s.name}:${s.kind}`).join(' ') || '-' },
    { title: 'INPUT', cell: (n) => inputs(n) || '-' },
    { title: 'AT', cell: (n) => n.location ?? '-' },
  ]
}

const label = (edge: LogicalEdge): string =>
  edge.output === 'main' ? edge.partitioning.kind : `${edge.output}, ${edge.partitioning.kind}`

export function mermaid(graph: LogicalGraph): readonly string[] {
  const names = new Map(graph.nodes.map((node, i) => [node.id, `n${i}`]))
  const quoted = (text: string): string => text.replaceAll('"', '&quot;')
  return [
    'flowchart LR',
    ...graph.nodes.map(
      (node) => `  ${names.get(node.id)}["${quoted(node.name)}<br/><small>${node.kind}</small>"]`,
    ),
    ...graph.edges.map(
      (edge) => `  ${names.get(edge.from)} -->|"${quoted(label(edge))}"| ${names.get(edge.to)}`,
    ),
  ]
}
