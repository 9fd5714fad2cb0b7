// Records a second and CPU second of a keyed shuffle between slots on worker threads of one process: sources that emit
// words, a hash edge over ports (half of it within the slot), consumers that set the key and count. No user logic, no
// growing state: what is measured is the path between `emit` and `process`.
// Run: node -C source bench/src/micro/shuffle.ts [million records] [slots] [text|struct]

import { intCodec, textCodec } from '@weirjs/common/codec/primitives'
import { structCodec } from '@weirjs/common/codec/struct-codec'
import type { Codec, Key } from '@weirjs/common/core/codec'
import { workerId } from '@weirjs/common/core/ids'
import { NO_TIMESTAMP } from '@weirjs/common/core/time-constants'
import { systemScheduler } from '@weirjs/common/node/system-scheduler'
import { PortTransport } from '@weirjs/taskmanager/exchange/port-exchange'
import { Operator } from '@weirjs/taskmanager/operators/operator'
import type { OperatorContext, PollResult } from '@weirjs/taskmanager/operators/operator'
import { SlotKit } from '@weirjs/taskmanager/slots/slot-kit.contract'
import { MessageChannel, Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'

const WORDS = 10_000
const RECORDS_PER_POLL = 128

interface Word {
  readonly word: string
  readonly count: number
}

interface Setting {
  readonly slot: number
  readonly slots: number
  readonly recordsPerSource: number
  readonly form: 'text' | 'struct'
  readonly ports: readonly { readonly slot: number; readonly port: MessagePort }[]
}

class WordSource extends Operator {
  #left: number
  #next = 0
  #going = false
  readonly #context: OperatorContext
  readonly #records: readonly unknown[]

  constructor(context: OperatorContext, records: readonly unknown[], count: number) {
    super()
    this.#context = context
    this.#records = records
    this.#left = count
    sources.push(this)
  }

  go(): void {
    this.#going = true
    this.#context.wake()
  }

  process(): void {}

  override readonly poll = (): PollResult => {
    if (!this.#going) return 'wait'
    const { output } = this.#context
    for (let i = 0; i < RECORDS_PER_POLL; i++) {
      if (this.#left === 0) return 'end'
      if (!this.#context.outputReady()) return 'more'
      this.#left -= 1
      output.emit(this.#records[this.#next], NO_TIMESTAMP)
      this.#next = this.#next + 1 === this.#records.length ? 0 : this.#next + 1
    }
    return 'more'
  }
}

class Counter extends Operator {
  count = 0

  process(): void {
    this.count += 1
  }
}

const sources: WordSource[] = []
const counters: Counter[] = []

function records(form: Setting['form'], subtask: number): unknown[] {
  const texts = Array.from({ length: WORDS }, (_, i) =>
    ((i * 1_500_450_271 + subtask * 77) % 26 ** 7).toString(26).padStart(7, 'a'),
  )
  const block = texts.join('')
  return texts.map((_, i) => {
    const word = block.substring(i * 7, i * 7 + 7)
    return form === 'text' ? word : { word, count: 1 }
  })
}

async function runSlot(setting: Setting): Promise<void> {
  const { slot, slots, form } = setting
  const codec: Codec =
    form === 'text'
      ? (textCodec as Codec)
      : (structCodec<Word>('Word', { word: textCodec, count: intCodec }) as Codec)
  const key = form === 'text' ? (word: string): Key => word : (value: Word): Key => value.word
  const kit = new SlotKit({
    slots,
    only: slot,
    vertices: [
      {
        parallelism: slots,
        operators: [
          {
            uid: 'words',
            make: (context) =>
              new WordSource(
                context,
                records(form, context.task.subtask),
                setting.recordsPerSource,
              ),
          },
        ],
      },
      {
        parallelism: slots,
        operators: [
          {
            uid: 'count',
            kind: 'sink',
            make: () => {
              const counter = new Counter()
              counters.push(counter)
              return counter
            },
          },
        ],
      },
    ],
    edges: [{ from: 0, to: 1, partitioning: 'hash', codec, key }],
    real: {
      scheduler: systemScheduler(),
      transport: () =>
        new PortTransport({
          ports: setting.ports.map((other) => ({
            peer: { workerId: workerId('w1'), index: other.slot },
            port: other.port,
          })),
        }),
    },
  })
  kit.deploy()
  const own = 2
  const watch = (state: 'running' | 'end-of-data'): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (kit.inState(state) === own) resolve()
        else setTimeout(look, 2)
      }
      look()
    })
  parentPort?.on('message', () => sources.forEach((source) => source.go()))
  await watch('running')
  parentPort?.postMessage({ running: true })
  await watch('end-of-data')
  parentPort?.postMessage({ counted: counters.reduce((sum, counter) => sum + counter.count, 0) })
}

function startThreads(slots: number, recordsPerSource: number, form: Setting['form']): Worker[] {
  const ports = Array.from({ length: slots }, () => [] as { slot: number; port: MessagePort }[])
  for (let a = 0; a < slots; a++) {
    for (let b = a + 1; b < slots; b++) {
      const { port1, port2 } = new MessageChannel()
      ports[a]?.push({ slot: b, port: port1 })
      ports[b]?.push({ slot: a, port: port2 })
    }
  }
  return ports.map((own, slot) => {
    const setting: Setting = { slot, slots, recordsPerSource, form, ports: own }
    return new Worker(new URL(import.meta.url), {
      workerData: setting,
      transferList: own.map(({ port }) => port),
    })
  })
}

async function main(): Promise<void> {
  const millions = Number(process.argv[2] ?? 20)
  const slots = Number(process.argv[3] ?? 2)
  const form = process.argv[4] === 'struct' ? 'struct' : 'text'
  const recordsPerSource = Math.round((millions * 1e6) / slots)
  const workers = startThreads(slots, recordsPerSource, form)
  const all = (): Promise<Record<string, number>[]> =>
    Promise.all(
      workers.map(
        (worker) =>
          new Promise<Record<string, number>>((resolve, reject) => {
            worker.once('message', resolve)
            worker.once('error', reject)
          }),
      ),
    )
  await all()
  const cpu = process.cpuUsage()
  const startMs = performance.now()
  for (const worker of workers) worker.postMessage('go')
  const counted = await all()
  const seconds = (performance.now() - startMs) / 1e3
  const used = process.cpuUsage(cpu)
  const cpuSeconds = (used.user + used.system) / 1e6
  const total = counted.reduce((sum, each) => sum + (each['counted'] ?? 0), 0)
  if (total !== recordsPerSource * slots)
    throw new Error(`${total} of ${recordsPerSource * slots} records arrived`)
  console.log(
    `${form}, ${slots} slots: ${(total / 1e6).toFixed(1)} M records in ${seconds.toFixed(2)} s, ` +
      `${(total / seconds / 1e6).toFixed(2)} M/s, ${cpuSeconds.toFixed(2)} CPU s, ${(total / cpuSeconds / 1e6).toFixed(2)} M per CPU second`,
  )
  process.exit(0)
}

await (isMainThread ? main() : runSlot(workerData as Setting))
