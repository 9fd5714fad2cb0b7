import { MAX_WATERMARK, MIN_WATERMARK } from '@weirjs/common/core/time-constants'
import { describe, expect, test } from 'vitest'
import { WatermarkMerger } from './watermark-merger.ts'

describe('the watermark of several channels', () => {
  test('is the highest possible when there are none', () => {
    expect(new WatermarkMerger(0).current).toBe(MAX_WATERMARK)
  })

  test('is that of the only channel', () => {
    const merger = new WatermarkMerger(1)
    expect(merger.onWatermark(0, 5)).toEqual({ watermark: true, idle: false })
    expect(merger.onWatermark(0, 4)).toEqual({ watermark: false, idle: false })
    expect(merger.current).toBe(5)
  })

  test('waits until every channel has one, then is the lowest', () => {
    const merger = new WatermarkMerger(2)
    expect(merger.onWatermark(0, 9).watermark).toBe(false)
    expect(merger.current).toBe(MIN_WATERMARK)
    expect(merger.onWatermark(1, 3).watermark).toBe(true)
    expect(merger.current).toBe(3)
    expect(merger.onWatermark(0, 10).watermark).toBe(false)
    expect(merger.onWatermark(1, 11).watermark).toBe(true)
    expect(merger.current).toBe(10)
  })

  test('leaves idle channels out', () => {
    const merger = new WatermarkMerger(2)
    merger.onWatermark(0, 9)
    expect(merger.onStatus(1, true)).toEqual({ watermark: true, idle: false })
    expect(merger.current).toBe(9)
  })

  test('is idle when all channels are, keeps its value, and never falls', () => {
    const merger = new WatermarkMerger(2)
    merger.onWatermark(0, 9)
    merger.onWatermark(1, 9)
    merger.onStatus(0, true)
    expect(merger.onStatus(1, true)).toEqual({ watermark: false, idle: true })
    expect(merger.idle).toBe(true)
    expect(merger.current).toBe(9)
    expect(merger.onWatermark(1, 4)).toEqual({ watermark: false, idle: true })
    expect(merger.idle).toBe(false)
    expect(merger.current).toBe(9)
  })

  test('leaves ended channels out, and is the highest when all have ended', () => {
    const merger = new WatermarkMerger(2)
    merger.onWatermark(0, 9)
    expect(merger.onEnd(1).watermark).toBe(true)
    expect(merger.current).toBe(9)
    expect(merger.onEnd(0).watermark).toBe(true)
    expect(merger.current).toBe(MAX_WATERMARK)
    expect(merger.idle).toBe(false)
  })
})
