// Numbers into exactly-once files, through a sink that throws where it is told to, as often as it is told to: how often it
// has thrown is written down beside the output, because every attempt runs in a process of its own.

import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generator, int, job, path, struct, text } from 'weirjs'
import type { Sink } from 'weirjs/connector'
import { ndjsonFiles } from 'weirjs/files'

const Numbered = struct('Numbered', { n: int() })

const args = {
  output: path(),
  /**
   * `snapshot`, `flush` (the part behind the barrier), `commit`, `map`, `nowhere`, or `told`: in map, when there is a file
   * `<output>.throw`, which it takes away.
   */
  where: text(),
  times: int({ default: 1_000_000 }),
  records: int({ default: 800 }),
  perSecond: int({ default: 1_000 }),
}

/** Throws `times` times, over all attempts. */
function throwing(marks: string, times: number): (where: string) => void {
  return (where) => {
    mkdirSync(marks, { recursive: true })
    const thrown = readdirSync(marks).length
    if (thrown >= times) return
    writeFileSync(join(marks, `${thrown + 1}`), '')
    throw new Error(`thrown in ${where}`)
  }
}

function failing<T, C, S>(
  sink: Sink<T, C, S>,
  where: string,
  fail: (where: string) => void,
): Sink<T, C, S> {
  return {
    ...sink,
    createWriter(context, restored) {
      const writer = sink.createWriter(context, restored)
      return {
        write: (value, timestamp) => writer.write(value, timestamp),
        get ready() {
          return writer.ready
        },
        finish: () => writer.finish(),
        snapshot(checkpointId) {
          if (where === 'snapshot') fail(where)
          const taken = writer.snapshot(checkpointId)
          if (where !== 'flush') return taken
          const committables = taken.committables.then((all) => {
            fail(where)
            return all
          })
          return { ...taken, committables }
        },
        close: () => writer.close(),
      }
    },
    createCommitter(context) {
      const committer = sink.createCommitter(context)
      if (committer === null) return null
      return {
        async commit(committables) {
          if (where === 'commit') fail(where)
          await committer.commit(committables)
        },
        cleanUp: () => committer.cleanUp(),
        close: () => committer.close(),
      }
    },
  }
}

const settings = {
  args,
  checkpoint: { every: '200ms' },
  restart: { strategy: 'fixed-delay', attempts: 1, delay: '10ms' },
} as const

export default job(
  'failing-sink',
  settings,
  (env, { output, where, times, records, perSecond }) => {
    const fail = throwing(`${output}.thrown`, times)
    env
      .from(generator({ count: records, perSecond, type: Numbered, make: (n) => ({ n }) }), {
        uid: 'numbers',
      })
      .map((record) => {
        if (where === 'map' && record.n === 400) fail(where)
        if (where === 'told' && existsSync(`${output}.throw`)) {
          rmSync(`${output}.throw`)
          fail(where)
        }
        return record
      })
      .returns(Numbered)
      .to(failing(ndjsonFiles(output, Numbered), where, fail), { uid: 'failing' })
  },
)
