// O4: the checks inside the job (order, counts, timers, rules) have a side output of their own, which stays empty.

import { COMPLAINTS_MAX, type Violation } from './violation.ts'

export function judgeAlerts(alerts: readonly string[]): readonly Violation[] {
  return alerts
    .slice(0, COMPLAINTS_MAX)
    .map((alert) => ({ oracle: 'O4', message: `alert inside the job: ${alert}` }))
}
