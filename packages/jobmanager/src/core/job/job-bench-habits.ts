// How far the world around a machine under test obeys it; tests change one habit and leave the others.

import type { Failure } from '@weirjs/common/core/errors'

/** What the world does by itself when it is asked. `never`: nothing comes back. */
export interface Habits {
  allocate: 'do' | 'never'
  deploy: 'do' | 'never'
  restored: 'do' | 'never'
  run: 'do' | 'never'
  cancel: 'do' | 'never'
  acknowledge: 'do' | 'never'
  finish: 'do' | 'never'
  restore: 'do' | 'never' | Failure
  log: 'do' | 'never'
}

export const obedient = (): Habits => ({
  allocate: 'do',
  deploy: 'do',
  restored: 'do',
  run: 'do',
  cancel: 'do',
  acknowledge: 'do',
  finish: 'do',
  restore: 'do',
  log: 'do',
})
