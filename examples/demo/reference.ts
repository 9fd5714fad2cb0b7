// The same report by a plain single-process computation over the same file: no Weir, no shuffle, no checkpoints. What the
// cluster writes must equal it to the last digit.

import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'

export interface ReportLine {
  readonly airport: string
  readonly day: string
  readonly flights: number
  readonly lateShare: number
  readonly meanDelay: number
  readonly worstDelay: number
}

interface Totals {
  flights: number
  late: number
  delaySum: number
  worst: number
}

/** Lines by `airport day`. */
export async function plainReport(file: string): Promise<ReadonlyMap<string, ReportLine>> {
  const rows = await parquetReadObjects({
    file: await asyncBufferFromFile(file),
    columns: ['date', 'delay', 'origin'],
    compressors,
  })
  const totals = new Map<string, Totals>()
  const days = new Map<number, string>()
  for (const row of rows) {
    const date = Number(row['date'] instanceof Date ? row['date'].getTime() : row['date'])
    const dayNumber = Math.floor(date / 86_400_000)
    const day = days.get(dayNumber) ?? new Date(date).toISOString().slice(0, 10)
    days.set(dayNumber, day)
    const delay = Number(row['delay'])
    const key = `${row['origin']} ${day}`
    const sum = totals.get(key)
    if (sum === undefined)
      totals.set(key, { flights: 1, late: delay >= 15 ? 1 : 0, delaySum: delay, worst: delay })
    else {
      sum.flights += 1
      if (delay >= 15) sum.late += 1
      sum.delaySum += delay
      if (delay > sum.worst) sum.worst = delay
    }
  }
  const lines = new Map<string, ReportLine>()
  for (const [key, { flights, late, delaySum, worst }] of totals) {
    const [airport = '', day = ''] = key.split(' ')
    lines.set(key, {
      airport,
      day,
      flights,
      lateShare: late / flights,
      meanDelay: delaySum / flights,
      worstDelay: worst,
    })
  }
  return lines
}
