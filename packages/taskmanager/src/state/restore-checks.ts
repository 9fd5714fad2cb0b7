// May state of a checkpoint become state of this job? Decided by names, kinds and codec descriptors
// before any entry is read: a codec that merely happens to decode the bytes would read garbage
// (trap E6). Types that changed in ways that can be bridged (an added field with a default, …) are
// read through a bridge.

import { codecFor } from '@weirjs/common/codec/evolution'
import type { KeyedStateRestore } from '@weirjs/common/core/checkpoint/handles'
import type { Codec } from '@weirjs/common/core/codec'
import { WeirError } from '@weirjs/common/core/errors'
import type { CodecDescriptor } from '@weirjs/common/core/graph/logical-graph'

/** Throws `state/incompatible` unless the snapshot's state is of the declared kind. */
export function checkKind(found: KeyedStateRestore, declared: KeyedStateRestore['kind']): void {
  if (found.kind === declared) return
  throw incompatible(
    `state "${found.name}" was ${found.kind} state and is declared as ${declared} now`,
  )
}

/**
 * A codec that reads what was written and gives what is declared. Throws `state/incompatible`
 * naming `what`.
 */
export function bridgeFor<T>(
  what: string,
  written: CodecDescriptor | undefined,
  declared: Codec<T>,
): Codec<T> {
  if (written === undefined) throw incompatible(`${what} was written without a type`)
  try {
    return codecFor(written, declared)
  } catch (error) {
    if (!(error instanceof WeirError)) throw error
    throw incompatible(`${what} does not fit: ${error.message}`, error)
  }
}

export function unknownState(found: KeyedStateRestore): never {
  throw new WeirError(
    'state/not-declared',
    `the checkpoint holds state "${found.name}" that the job does not declare`,
    {
      domain: 'user',
      hint: 'Declare it under the same name, or restore with --allow-non-restored-state to drop it.',
    },
  )
}

function incompatible(message: string, cause?: unknown): WeirError {
  return new WeirError('state/incompatible', message, {
    domain: 'user',
    hint: 'Keep the old type, give added fields a default, or give the changed state a new name.',
    ...(cause === undefined ? {} : { cause }),
  })
}
