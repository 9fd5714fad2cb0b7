// What a process of Weir measures of itself: memory, CPU, descriptors, and how much of the time its event loop worked.
// The names without `weir_` are those that every Prometheus client uses, so that ready-made panels find them.

import { readdirSync, readFileSync } from 'node:fs'
import { getHeapStatistics } from 'node:v8'
import type { MetricText } from '../core/metrics/metric-text.ts'
import { type GroupMemory, groupMemory } from './control-group.ts'

/** Shorter spans say nothing: whoever asks sooner hears the last one again. */
const SPAN_MS_MIN = 1_000
const MICROSECONDS = 1e6
const KIB = 1_024

export interface ProcessMeterOptions {
  readonly role: string
  readonly version: string
  /** Default: as the kernel says it. null: no control group limits memory, or nothing is said of it. */
  readonly groupMemory?: () => GroupMemory | null
}

export class ProcessMeter {
  readonly #options: ProcessMeterOptions
  #since = performance.eventLoopUtilization()
  #sinceMs = performance.now()
  #utilization = 0

  constructor(options: ProcessMeterOptions) {
    this.#options = options
  }

  write(text: MetricText): void {
    const { role, version, groupMemory: ofGroup = groupMemory } = this.#options
    const group = ofGroup()
    const heap = getHeapStatistics()
    const cpu = process.cpuUsage()
    const gauge = (name: string, help: string, value: number | null): void => {
      if (value !== null) text.family(name, 'gauge', help).sample(value)
    }
    text.family('weir_build_info', 'gauge', 'Version of Weir.').sample(1, { role, version })
    text
      .family('process_cpu_seconds_total', 'counter', 'User and system CPU time.')
      .sample((cpu.user + cpu.system) / MICROSECONDS)
    gauge('process_resident_memory_bytes', 'Resident memory.', residentBytes())
    gauge(
      'weir_container_memory_bytes',
      'Memory that the kernel counts for the container or service, files in memory included.',
      group?.usedBytes ?? null,
    )
    gauge(
      'weir_container_memory_limit_bytes',
      'With more the kernel ends processes of it.',
      group?.limitBytes ?? null,
    )
    gauge(
      'process_start_time_seconds',
      'When the process started, since 1970.',
      Math.round(performance.timeOrigin) / 1_000,
    )
    gauge('process_open_fds', 'Open file descriptors.', openDescriptors())
    gauge('process_max_fds', 'Limit of open file descriptors.', descriptorsMax())
    gauge('nodejs_heap_size_used_bytes', 'Heap in use.', heap.used_heap_size)
    gauge('nodejs_external_memory_bytes', 'Memory outside of the heap.', heap.external_memory)
    gauge(
      'weir_eventloop_utilization',
      'Share of the time in which the event loop worked, since the last look.',
      this.#turned(),
    )
  }

  #turned(): number {
    const nowMs = performance.now()
    if (nowMs - this.#sinceMs < SPAN_MS_MIN) return this.#utilization
    const now = performance.eventLoopUtilization()
    this.#utilization = performance.eventLoopUtilization(now, this.#since).utilization
    this.#since = now
    this.#sinceMs = nowMs
    return this.#utilization
  }
}

/** Of this process. To look takes a descriptor; when none is left, the most that was ever used stands for it. */
export function residentBytes(): number {
  try {
    return process.memoryUsage.rss()
  } catch {
    return process.resourceUsage().maxRSS * KIB // needs none
  }
}

/** Of this process, or of another one of the same user. null: the system does not say, or it is gone. */
export function openDescriptors(pid: number | 'self' = 'self'): number | null {
  try {
    return readdirSync(`/proc/${pid}/fd`).length
  } catch {
    return null // a system without /proc
  }
}

/** The soft limit; null: the system does not say, there is none, or the process is gone. */
export function descriptorsMax(pid: number | 'self' = 'self'): number | null {
  try {
    const found = /^Max open files\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))
    return found === null ? null : Number(found[1])
  } catch {
    return null // a system without /proc
  }
}
