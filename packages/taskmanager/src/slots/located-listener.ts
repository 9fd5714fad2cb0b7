// Adds to what a slot reports where in the user's code it comes from: the slot knows stacks, a person wants a line.

import { withUserLocation } from '@weirjs/common/core/user-location'
import type { SlotListener } from './slot.ts'

/** `own`: the directory of Weir's packages; frames below it are not the user's. */
export function withLocations(listener: SlotListener, own: string): SlotListener {
  return {
    taskUpdate: (update) => {
      const { change } = update
      if (change.state !== 'failed') return listener.taskUpdate(update)
      const failure = withUserLocation(change.failure, [own])
      return listener.taskUpdate({ ...update, change: { ...change, failure } })
    },
    acknowledge: (ack) => listener.acknowledge(ack),
    decline: (decline) =>
      listener.decline({ ...decline, failure: withUserLocation(decline.failure, [own]) }),
    output: (line) => listener.output(line),
  }
}
