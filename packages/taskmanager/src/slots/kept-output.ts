// A slot host whose jobs' output is kept by somebody besides on its way to the JobManager.

import type { OutputLine } from '@weirjs/common/core/gateways'
import type { SlotHost } from './slot.ts'

export const withKeptOutput = (host: SlotHost, keep: (line: OutputLine) => void): SlotHost => ({
  start: (request, listener) =>
    host.start(request, {
      taskUpdate: (update) => listener.taskUpdate(update),
      acknowledge: (ack) => listener.acknowledge(ack),
      decline: (decline) => listener.decline(decline),
      output: (line) => {
        keep(line)
        listener.output(line)
      },
    }),
})
