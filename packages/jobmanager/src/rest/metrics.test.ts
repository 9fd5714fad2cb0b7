import { spawnSync } from 'node:child_process'
import { JOB_STATES } from '@weirjs/common/core/job-views'
import { MetricText } from '@weirjs/common/core/metrics/metric-text'
import { ProcessMeter } from '@weirjs/common/node/process-meter'
import { describe, expect, it } from 'vitest'
import { countingGraph } from '../core/plan/graph-samples.ts'
import { PlayWorld } from '../play-world.ts'
import { writeClusterMetrics } from './metrics.ts'
import { report } from './rest-kit.fixture.ts'

function metricsOf(world: PlayWorld): string {
  const text = new MetricText()
  new ProcessMeter({ role: 'jobmanager', version: 'test' }).write(text)
  writeClusterMetrics(text, world.manager.measures())
  return text.toString()
}

async function running(name: string): Promise<PlayWorld> {
  const world = await new PlayWorld().start()
  const job = await world.submit({}, { ...countingGraph(), name })
  await world.until(job, 'RUNNING')
  await world.pass(2_500)
  await report(world, job, 100)
  return world
}

describe('the measures of a cluster', () => {
  it('tell of the cluster, its jobs, their checkpoints and their tasks', async () => {
    const world = await running('totals')
    const text = metricsOf(world)
    const values = (name: string): readonly string[] =>
      text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    expect(values('weir_taskmanagers')).toEqual(['weir_taskmanagers 2'])
    // Also those that no job is in: an alert on 0 needs a sample.
    expect(values('weir_jobs')).toEqual(
      JOB_STATES.map((state) => `weir_jobs{state="${state}"} ${state === 'RUNNING' ? 1 : 0}`),
    )
    expect(values('weir_task_records_in_total')).toHaveLength(5)
    expect(values('weir_task_records_in_total')[1]).toMatch(
      /\{job="totals",job_id="[0-9a-f]{32}",task="[^"]+",operator="[^"]+",subtask="0",tm="w[12]"\} 100$/,
    )
    expect(values('weir_watermark_lag_seconds')[0]).toMatch(/ 5$/)
    expect(values('weir_task_backpressured_ratio')[0]).toMatch(/ 0\.25$/)
    expect(values('weir_checkpoint_duration_seconds_count')[0]).toMatch(/ 2$/)
    expect(values('weir_checkpoints_total').map((line) => line.split(' ').at(-1))).toEqual([
      '2',
      '0',
    ])
  })

  it('say nothing more of a job that has ended', async () => {
    const world = await running('totals')
    const [job] = await world.manager.client.list()
    if (job === undefined) throw new Error('no job')
    world.endOfData(job.jobId)
    await world.until(job.jobId, 'FINISHED')
    const text = metricsOf(world)
    expect(text).toContain('weir_jobs{state="FINISHED"} 1')
    expect(text).not.toContain('job_id=')
  })

  it('are what promtool takes for well made', async ({ skip }) => {
    const text = metricsOf(await running('a "job"\\ with all <sorts>'))
    const checked = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })
    if (checked.error !== undefined) {
      console.warn('SKIPPED: promtool is not installed (apt-get install prometheus)')
      skip()
    }
    expect(checked.stderr + checked.stdout).toBe('')
    expect(checked.status).toBe(0)
  })
})
