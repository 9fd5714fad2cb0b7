import { dynamic, int } from '@weirjs/api/types'
import { describe, expect, it } from 'vitest'
import { fromItems } from './from-items.ts'

describe('fromItems', () => {
  it('refuses items that could not travel, when the job is built', () => {
    const refused = expect.objectContaining({ code: 'record/not-encodable' }) as Error
    expect(() => fromItems(int(), [1, 'two' as never])).toThrow(refused)
    expect(() => fromItems(dynamic(), [() => {}])).toThrow(refused)
  })
})
