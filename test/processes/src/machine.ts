// What this machine can do. Whoever needs more does without, and says why: nothing is passed over in silence.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

export type Need =
  | 'root'
  | 'strace'
  | 'namespaces'
  | 'iptables'
  | 'faketime'
  | 'cgroup'
  | 'mount'
  | 'loop'
  | 'eatmydata'

/** Where Debian puts it. */
export const FAKETIME_LIBRARY = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1'

const COMMENTED = ['-m', 'comment', '--comment', 'weir']
const BY_CHANCE = ['-m', 'statistic', '--mode', 'random', '--probability', '0.5']

const LOOKS: Readonly<Record<Need, () => string | null>> = {
  root: () => (process.getuid?.() === 0 ? null : 'not root'),
  strace: () =>
    works('strace', ['-f', '-o', '/dev/null', 'true'], 'strace (apt-get install strace)'),
  namespaces: () =>
    works('unshare', ['--net', 'ip', 'link', 'add', 'x0', 'type', 'veth'], 'network namespaces'),
  iptables: () =>
    works(
      'unshare',
      ['--net', 'iptables', '-A', 'INPUT', ...COMMENTED, ...BY_CHANCE, '-j', 'DROP'],
      'iptables (apt-get install iptables)',
    ),
  faketime: () =>
    existsSync(FAKETIME_LIBRARY) ? null : 'no libfaketime (apt-get install faketime)',
  cgroup: () =>
    ['/sys/fs/cgroup/cgroup.controllers', '/sys/fs/cgroup/cpu/cpu.stat'].some((path) =>
      existsSync(path),
    )
      ? null
      : 'no control group for the processor',
  mount: () => works('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt'], 'mounting'),
  loop: () => (existsSync('/dev/loop-control') ? null : 'no loop devices'),
  eatmydata: () => works('eatmydata', ['true'], 'eatmydata (apt-get install eatmydata)'),
}

const known = new Map<Need, string | null>()

/** Why the machine cannot; null: it can. */
export function missing(needs: readonly Need[]): string | null {
  for (const need of needs) {
    if (!known.has(need)) known.set(need, LOOKS[need]())
    const reason = known.get(need) ?? null
    if (reason !== null) return reason
  }
  return null
}

function works(command: string, args: readonly string[], what: string): string | null {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (status === 0) return null
  return `no ${what}: ${error?.message ?? stderr.trim().split('\n')[0]}`
}
