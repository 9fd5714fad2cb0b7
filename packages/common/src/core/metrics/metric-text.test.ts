import { describe, expect, it } from 'vitest'
import { MetricText } from './metric-text.ts'

describe('metric text', () => {
  it('has a head for each family and a line for each sample', () => {
    const text = new MetricText()
    text
      .family('weir_jobs', 'gauge', 'Jobs by state.')
      .sample(2, { state: 'RUNNING' })
      .sample(0, { state: 'FAILED' })
    text.family('weir_slots', 'gauge', 'Slots.').sample(4)
    expect(text.toString()).toBe(
      '# HELP weir_jobs Jobs by state.\n# TYPE weir_jobs gauge\n' +
        'weir_jobs{state="RUNNING"} 2\nweir_jobs{state="FAILED"} 0\n' +
        '# HELP weir_slots Slots.\n# TYPE weir_slots gauge\nweir_slots 4\n',
    )
  })

  it('leaves nothing of a family without samples', () => {
    const text = new MetricText()
    text.family('weir_jobs', 'gauge', 'Jobs by state.')
    expect(text.toString()).toBe('')
  })

  it('escapes what a job may be called', () => {
    const text = new MetricText()
    text.family('weir_x', 'gauge', 'X.').sample(1, { job: 'a"b\\c\nd}' })
    expect(text.toString()).toContain('weir_x{job="a\\"b\\\\c\\nd}"} 1\n')
  })

  it('adds the parts of a distribution up', () => {
    const text = new MetricText()
    const counts = [2, 1, 3]
    text
      .family('weir_d_seconds', 'histogram', 'D.')
      .distribution({ bounds: [0.1, 1], counts, sum: 9.5 }, { job: 'j' })
    expect(text.toString().split('\n').slice(2)).toEqual([
      'weir_d_seconds_bucket{job="j",le="0.1"} 2',
      'weir_d_seconds_bucket{job="j",le="1"} 3',
      'weir_d_seconds_bucket{job="j",le="+Inf"} 6',
      'weir_d_seconds_sum{job="j"} 9.5',
      'weir_d_seconds_count{job="j"} 6',
      '',
    ])
  })

  it('writes what is no number as Prometheus does', () => {
    const text = new MetricText()
    text.family('weir_x', 'gauge', 'X.').sample(Infinity).sample(-Infinity).sample(NaN)
    expect(text.toString()).toMatch(/ \+Inf\n.* -Inf\n.* NaN\n$/)
  })
})
