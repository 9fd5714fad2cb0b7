import { expect, test } from 'vitest'
import { isProcessing, isTerminal, nextState } from './task-states.ts'

test('a task lives from created to finished', () => {
  const path = [
    'initializing',
    'restored',
    'opening',
    'running',
    'end-of-data',
    'finishing',
    'finished',
  ] as const
  let state = nextState('created', 'initializing')
  for (const next of path.slice(1)) state = nextState(state, next)
  expect(isTerminal(state)).toBe(true)
})

test('nothing comes after the end', () => {
  expect(() => nextState('finished', 'failed')).toThrow('does not go from finished to failed')
  expect(() => nextState('canceled', 'running')).toThrow()
  expect(() => nextState('running', 'finished')).toThrow()
})

test('nothing runs or commits before everybody has restored', () => {
  for (const next of ['opening', 'running', 'finishing'] as const)
    expect(() => nextState('initializing', next)).toThrow()
  for (const next of ['running', 'finishing'] as const)
    expect(() => nextState('restored', next)).toThrow()
})

test('a commit-only recovery skips the processing', () => {
  expect(nextState('opening', 'finishing')).toBe('finishing')
  expect(isProcessing('finishing')).toBe(false)
  expect(isProcessing('end-of-data')).toBe(true)
})
