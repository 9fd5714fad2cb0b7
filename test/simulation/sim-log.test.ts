import { describe, expect, it } from 'vitest'
import { SimProcess } from './src/process.ts'
import { LogReader } from './src/sim-log.ts'
import { World } from './src/world.ts'

/** What is heard of a JobManager's words about a job whose log is at `epoch`. */
function heard(
  epoch: number,
  ...words: readonly (readonly [text: string, fields?: object])[]
): readonly string[] {
  const said: string[] = []
  const process = new SimProcess(new World(1), 'jm')
  const reader = new LogReader(process, {
    bug: (what) => said.push(`bug ${what}`),
    isNewest: () => true,
    epoch: () => epoch,
    completed: (job, id) => said.push(`${job} completed ${id}`),
    checkpointFailed: (job, code) => said.push(`${job} failed ${code}`),
    deposed: () => said.push('deposed'),
  })
  for (const [text, fields] of words) reader.read({ jobId: 'job', ...fields }, text)
  return said
}

const gone = ['job failed', { code: 'job/bundle-missing', reason: 'gone' }] as const

describe('the log of a JobManager', () => {
  it('tells of checkpoints, and that another one leads', () => {
    const said = heard(
      1,
      ['Checkpoint completed with ID 7'],
      ['checkpoint failed', { code: 'checkpoint/timed-out' }],
      ['job taken over by another JobManager'],
    )
    expect(said).toEqual(['job completed 7', 'job failed checkpoint/timed-out', 'deposed'])
  })

  it('never tells of what a leader cannot meet, nor one that reads a log to lead', () => {
    const bug = ['bug job failed: job/bundle-missing: gone']
    expect(heard(1, ['job accepted'], gone)).toEqual(bug)
    expect(heard(3, ['job taken over', { epoch: 3 }], gone)).toEqual(bug)
    expect(heard(3, gone)).toEqual(bug)
  })

  it('may tell of it when another one has taken the job, and it does not know', () => {
    expect(heard(2, ['job accepted'], gone)).toEqual([])
    expect(heard(4, ['job taken over', { epoch: 3 }], gone)).toEqual([])
    expect(heard(4, ['job taken over', { epoch: 3 }], ['job master broke'])).toHaveLength(1)
  })
})
