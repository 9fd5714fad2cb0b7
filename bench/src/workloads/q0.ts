// q0 (SPEC §5): every Nexmark event passes through unchanged.

import { generator } from '@weirjs/connectors/generator/generator'
import { dynamic, job, outOfOrder, type Source } from 'weirjs'
import { NexmarkStream, type NexmarkEvent } from '../inputs/nexmark.ts'
import { eventNumber } from '../inputs/stream.ts'
import { WnxDecoder } from '../inputs/wnx-decoder.ts'
import { WNX_HEADER_BYTES } from '../inputs/wnx.ts'
import { addQ0Row } from '../rows.ts'
import { hashedRows } from '../sinks/check-sink.ts'
import { marked } from '../sources/marked.ts'
import { partFiles } from '../sources/part-files.ts'
import { benchArguments } from './arguments.ts'

/** SPEC §5: how much later than others an event may come. */
const LAG = '4s'

export default job('q0', { args: benchArguments }, (env, args) => {
  const source: Source<NexmarkEvent> =
    args.input === ''
      ? generated(args.events, args.seed, args.group)
      : files(args.input, args.parts)
  const watermarks = outOfOrder<NexmarkEvent>(LAG, (event) => event.dateTime)
  env
    .from(marked(source, args.results), { uid: 'events', watermarks })
    .to(hashedRows<NexmarkEvent>(args.results, addQ0Row), { uid: 'check' })
})

function generated(events: number, seed: number, group: number): Source<NexmarkEvent> {
  const stream = new NexmarkStream(seed)
  const make = (position: number): NexmarkEvent => stream.event(eventNumber(position, group))
  return generator({ make, count: events, type: dynamic<NexmarkEvent>() }) as Source<NexmarkEvent>
}

function files(directory: string, parts: number): Source<NexmarkEvent> {
  const cutter = (): WnxDecoder => new WnxDecoder()
  return partFiles({
    directory,
    parts,
    headerBytes: WNX_HEADER_BYTES,
    record: dynamic<NexmarkEvent>(),
    cutter,
  }) as Source<NexmarkEvent>
}
