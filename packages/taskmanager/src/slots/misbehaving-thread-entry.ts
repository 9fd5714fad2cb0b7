// Entry of a slot thread that runs no job and does what its job's arguments tell it to: print, throw, exit, fill the
// heap, flood memory with Buffers, block, post what it likes, write it to the pipes of its process, close one. For tests of
// job processes.

import { closeSync, writeSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { present } from '@weirjs/common/core/assert'
import { WeirError } from '@weirjs/common/core/errors'
import { systemScheduler } from '@weirjs/common/node/system-scheduler'
import { dropWhenFull } from './bounded-writes.ts'
import type { SlotOpen, ThreadData } from './protocol.ts'
import type { Slot, SlotListener } from './slot.ts'
import { SlotThread } from './slot-thread.ts'

const FLOOD_BYTES = 4 * 1_048_576

/** Of the pipes of its process. */
const EVENTS = 3
const COMMANDS = 4

/** The pipe is full when its reader is slow: then later. */
function writeAll(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(EVENTS, bytes, at)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error
    }
  }
}

function misbehave(how: unknown, message: unknown): void {
  switch (how) {
    case 'throw':
      setTimeout(() => {
        throw new Error('thrown outside of a task')
      }, 1)
      return
    case 'exit':
      console.log('about to exit')
      return process.exit(3)
    case 'fill': {
      const hoard: number[][] = []
      for (;;) hoard.push(new Array<number>(100_000).fill(hoard.length))
    }
    case 'flood': {
      console.log('about to flood')
      const hoard: Buffer[] = []
      for (;;) hoard.push(Buffer.alloc(FLOOD_BYTES, 1))
    }
    case 'block':
      for (;;) Math.sqrt(2)
    case 'post-no-data':
      return present(parentPort, 'this is a worker thread').postMessage({
        type: 'event',
        event: { type: 'output', lines: [], more: /no data/ },
      })
    case 'post':
      return present(parentPort, 'this is a worker thread').postMessage(message)
    case 'write':
      return writeAll(message as Uint8Array)
    case 'close':
      return closeSync(COMMANDS)
    case 'print':
      console.log('to stdout')
      console.error('to stderr')
      return
    default:
      return
  }
}

async function openSlot(open: SlotOpen, listener: SlotListener): Promise<Slot> {
  const { args, fence } = open.start.request
  if (args['load'] === 'fail') {
    throw new WeirError('job/load-failed', 'the job does not load', {
      domain: 'user',
      location: 'job.ts:3',
    })
  }
  if (args['load'] === 'hang') return new Promise<never>(() => {})
  const siblings = open.siblings.map(({ slot }) => slot).join(' ')
  return {
    endpoint: {
      workerId: open.start.workerId,
      slot: open.slot,
      dataAddress: `siblings ${siblings}`,
    },
    deploy: (request) => {
      for (const { task } of request.tasks)
        listener.taskUpdate({ fence, task, change: { state: 'running' } })
      listener.output({
        fence,
        task: null,
        stream: 'print',
        text: `deployed ${request.tasks.length}`,
      })
    },
    run: () => {},
    cancel: () => {},
    trigger: () => misbehave(args['how'], args['message']),
    notifyComplete: () => {},
    notifyAborted: () => {},
    report: () => [],
    close: async () => {},
  }
}

const scheduler = systemScheduler()
dropWhenFull(process.stdout, scheduler)
dropWhenFull(process.stderr, scheduler)
new SlotThread({
  port: present(parentPort, 'this is the entry of a worker thread'),
  data: workerData as ThreadData,
  scheduler,
  openSlot,
}).serve()
