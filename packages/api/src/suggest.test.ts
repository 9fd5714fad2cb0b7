import { describe, expect, it } from 'vitest'
import { didYouMean, nearest } from './suggest.ts'

describe('nearest', () => {
  it('finds the name that was meant', () => {
    expect(nearest('orgin', ['destination', 'origin', 'delay'])).toBe('origin')
    expect(nearest('dealy', ['destination', 'origin', 'delay'])).toBe('delay')
    expect(nearest('DELAY', ['delay'])).toBe('delay')
  })

  it('suggests nothing far-fetched', () => {
    expect(nearest('airport', ['delay', 'origin'])).toBeUndefined()
    expect(nearest('x', [])).toBeUndefined()
  })
})

describe('didYouMean', () => {
  it('suggests one name, or tells what there is', () => {
    expect(didYouMean('orgin', ['origin'])).toBe('Did you mean "origin"?')
    expect(didYouMean('airport', ['delay', 'origin'])).toBe('Known are: delay, origin.')
    expect(didYouMean('airport', [])).toBeUndefined()
  })
})
