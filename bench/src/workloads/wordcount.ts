// wordcount (SPEC §5): every word updates its count, every update goes to the sink.

import { generator } from '@weirjs/connectors/generator/generator'
import { job, type Source, text } from 'weirjs'
import { eventNumber } from '../inputs/stream.ts'
import { WordStream } from '../inputs/words.ts'
import { lastCounts } from '../sinks/check-sink.ts'
import { marked } from '../sources/marked.ts'
import { partFiles } from '../sources/part-files.ts'
import { WordCutter } from '../sources/word-cutter.ts'
import { benchArguments } from './arguments.ts'

export default job('wordcount', { args: benchArguments }, (env, args) => {
  const source: Source<string> =
    args.input === ''
      ? generated(args.events, args.seed, args.group)
      : files(args.input, args.parts)
  env
    .from(marked(source, args.results), { uid: 'words' })
    .keyBy((word) => word)
    .count({ uid: 'count' })
    .to(lastCounts(args.results), { uid: 'check' })
})

function generated(events: number, seed: number, group: number): Source<string> {
  const stream = new WordStream(seed)
  const make = (position: number): string => stream.word(eventNumber(position, group))
  return generator({ make, count: events, type: text() }) as Source<string>
}

function files(directory: string, parts: number): Source<string> {
  const cutter = (): WordCutter => new WordCutter()
  return partFiles({ directory, parts, headerBytes: 0, record: text(), cutter }) as Source<string>
}
