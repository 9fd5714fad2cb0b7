// Delays by airport and day, from the flights of the npm package vega-datasets:
//
//   weir run examples/flight-delays.ts --output /tmp/delays \
//     --input examples/node_modules/vega-datasets/data/flights-3m.parquet

import { float, int, job, keyedProcess, path, struct, text, timestamp, value } from 'weirjs'
import { ndjsonFiles, parquetFiles } from 'weirjs/files'

const Flight = struct('Flight', { date: timestamp(), delay: int(), origin: text() })

const Totals = struct('Totals', { flights: int(), late: int(), delaySum: int(), worst: int() })

const Report = struct('Report', {
  airport: text(),
  day: text(),
  flights: int(),
  /** Share of the flights that were 15 minutes late or more. */
  lateShare: float(),
  meanDelay: float(),
  worstDelay: int(),
})

const LATE_MINUTES = 15

const daily = keyedProcess({
  uid: 'daily',
  in: Flight,
  out: Report,
  key: text(),
  state: { totals: value(Totals) },
  each({ delay }, { state }) {
    const before = state.totals.get()
    state.totals.set({
      flights: (before?.flights ?? 0) + 1,
      late: (before?.late ?? 0) + (delay >= LATE_MINUTES ? 1 : 0),
      delaySum: (before?.delaySum ?? 0) + delay,
      worst: before === null ? delay : Math.max(before.worst, delay),
    })
  },
  finishKey({ key, state, emit }) {
    const totals = state.totals.get()
    if (totals === null) return
    const [airport = '', day = ''] = key.split(' ')
    emit({
      airport,
      day,
      flights: totals.flights,
      lateShare: totals.late / totals.flights,
      meanDelay: totals.delaySum / totals.flights,
      worstDelay: totals.worst,
    })
  },
})

const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10)

const args = {
  input: path({ help: 'Parquet files with the columns date, delay and origin.' }),
  output: path({ help: 'The directory for the report, as NDJSON.' }),
}

export default job('flight-delays', { args }, (env, { input, output }) => {
  env
    .from(parquetFiles(input, Flight), { uid: 'flights' })
    .keyBy((flight) => `${flight.origin} ${day(flight.date)}`)
    .process(daily)
    .to(ndjsonFiles(output, Report), { uid: 'report' })
})
