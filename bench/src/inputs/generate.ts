// Writes input files once: `part-0` … in a directory of their own, and `complete.json` last. Files
// appear under their names only when they are whole (temporary name, fsync, rename), so a run that
// was interrupted leaves no half input.
//
//   node -C source bench/src/inputs/generate.ts --data nexmark --events 10000000 --partitions 2 \
//     --seed 0 --out-of-order 1 --out DIR

import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { NexmarkStream } from './nexmark.ts'
import { checkShape, eventNumber, partitionEvents, positionOf, type StreamShape } from './stream.ts'
import { WNX_RECORD_BYTES_MAX, WnxEncoder, wnxHeader } from './wnx.ts'
import { WordStream } from './words.ts'

export type InputData = 'nexmark' | 'words'

export interface InputRequest extends StreamShape {
  readonly data: InputData
}

/** What was made; `made` is false when it lay there already. */
export interface InputFiles {
  readonly files: readonly string[]
  readonly bytes: number
  readonly made: boolean
}

const COMPLETE = 'complete.json'
const FORMAT = 1
const CHUNK_BYTES = 1024 * 1024

/** A directory below `root` that no other input uses. */
export function inputDirectory(root: string, request: InputRequest): string {
  const { data, events, seed, group, partitions } = request
  return join(root, `${data}-${events}-seed${seed}-group${group}-of${partitions}`)
}

/**
 * Makes the files in `directory` unless they are there, whole and of the same request. Throws
 * RangeError.
 */
export function generateInputs(directory: string, request: InputRequest): InputFiles {
  checkShape(request)
  const found = findInputs(directory, request)
  if (found !== null) return found
  mkdirSync(directory, { recursive: true })
  const parts = Array.from({ length: request.partitions }, (_, partition) => {
    const name = `part-${partition}`
    return {
      name,
      bytes: publish(join(directory, name), (file) => writePart(file, request, partition)),
    }
  })
  const statement = Buffer.from(
    `${JSON.stringify({ format: FORMAT, request: canonical(request), parts })}\n`,
  )
  publish(join(directory, COMPLETE), (file) => writeSync(file, statement))
  return {
    files: parts.map(({ name }) => join(directory, name)),
    bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
    made: true,
  }
}

function findInputs(directory: string, request: InputRequest): InputFiles | null {
  const complete = join(directory, COMPLETE)
  if (!existsSync(complete)) return null
  const statement = JSON.parse(readFileSync(complete, 'utf8')) as {
    readonly format: number
    readonly request: unknown
    readonly parts: readonly { readonly name: string; readonly bytes: number }[]
  }
  const same = JSON.stringify(statement.request) === JSON.stringify(canonical(request))
  if (statement.format !== FORMAT || !same) {
    throw new RangeError(`${directory} holds another input; remove it or name another directory`)
  }
  const whole = statement.parts.every(({ name, bytes }) => {
    return statSync(join(directory, name), { throwIfNoEntry: false })?.size === bytes
  })
  if (!whole) return null
  const files = statement.parts.map(({ name }) => join(directory, name))
  return { files, bytes: statement.parts.reduce((sum, { bytes }) => sum + bytes, 0), made: false }
}

function canonical({ data, events, seed, group, partitions }: InputRequest): InputRequest {
  return { data, events, seed, group, partitions }
}

/**
 * Writes a file under a temporary name and gives it its own when it is safe on disk. Returns what
 * `write` returns.
 */
function publish(path: string, write: (file: number) => number): number {
  const temporary = `${path}.tmp-${process.pid}`
  const file = openSync(temporary, 'w')
  let bytes: number
  try {
    bytes = write(file)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(temporary, path)
  return bytes
}

/** Returns the bytes written. */
function writePart(file: number, request: InputRequest, partition: number): number {
  const { data, events, seed, group, partitions } = request
  const chunk = Buffer.alloc(CHUNK_BYTES + WNX_RECORD_BYTES_MAX)
  const records = data === 'nexmark' ? nexmarkWriter(chunk, seed) : wordWriter(chunk, seed)
  let bytes =
    data === 'nexmark'
      ? writeSync(file, wnxHeader({ events, seed, group, partition, partitions }))
      : 0
  const count = partitionEvents(events, partition, partitions)
  for (let k = 0; k < count; k++) {
    records.write(eventNumber(positionOf(k, partition, partitions), group))
    if (records.length >= CHUNK_BYTES) bytes += flush(file, chunk, records)
  }
  return bytes + flush(file, chunk, records)
}

interface RecordWriter {
  /** Bytes in the chunk. */
  readonly length: number
  /** Appends the record of event n. */
  write(n: number): void
  reset(): void
}

function nexmarkWriter(chunk: Buffer, seed: number): RecordWriter {
  const stream = new NexmarkStream(seed)
  const encoder = new WnxEncoder(chunk)
  return {
    get length() {
      return encoder.length
    },
    write: (n) => encoder.write(stream.event(n)),
    reset: () => encoder.reset(),
  }
}

function wordWriter(chunk: Buffer, seed: number): RecordWriter {
  const stream = new WordStream(seed)
  let length = 0
  return {
    get length() {
      return length
    },
    write: (n) => {
      length += chunk.write(`${stream.word(n)}\n`, length, 'latin1')
    },
    reset: () => {
      length = 0
    },
  }
}

function flush(file: number, chunk: Buffer, records: RecordWriter): number {
  const { length } = records
  for (let written = 0; written < length; )
    written += writeSync(file, chunk, written, length - written)
  records.reset()
  return length
}

function main(): void {
  const { values } = parseArgs({
    options: {
      data: { type: 'string', default: 'nexmark' },
      events: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: '0' },
      'out-of-order': { type: 'string', default: '1' },
      partitions: { type: 'string', default: '1' },
      out: { type: 'string' },
    },
  })
  const { data, out } = values
  if (data !== 'nexmark' && data !== 'words')
    throw new RangeError(`--data ${data}: nexmark or words is needed`)
  if (out === undefined) throw new RangeError('--out DIR is needed')
  const result = generateInputs(out, {
    data,
    events: Number(values.events),
    seed: Number(values.seed),
    group: Number(values['out-of-order']),
    partitions: Number(values.partitions),
  })
  console.log(JSON.stringify(result))
}

if (import.meta.main) main()
