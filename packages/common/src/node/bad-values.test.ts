// The matrix of bad configuration: every key of the schema, from every source, with every kind of nonsense. What a value
// must be is not taken from the parser under test but read, as a person would, from the sentence that describes the key;
// a second, naive reader decides by it. A new key is covered by being in the schema; a new kind of value needs a reader.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { WeirError } from '../core/errors.ts'
import { type ConfigSources, KEY_NAMES, loadConfig } from './config.ts'
import { CONFIG_KEYS, type ConfigKey } from './config-keys.ts'
import { envNameOf } from './config-sources.ts'
import { wantedBy } from './config-values.ts'
import { jobSettingsFrom } from './job-settings.ts'

const LINE_CHARS_MAX = 400
const directory = mkdtempSync(join(tmpdir(), 'weir-bad-values-'))
afterAll(() => rmSync(directory, { recursive: true }))

/** Of all kinds at once: what is right for one key is nonsense for the next. */
const VALUES: readonly string[] = [
  '',
  ' ',
  'nonsense',
  '-1',
  '-0',
  '0',
  '1',
  '2',
  '0.5',
  '1.5',
  '1e3',
  '+1',
  '0x10',
  '1_000',
  '1,000',
  '007',
  'NaN',
  'Infinity',
  '1023',
  '1025',
  '65535',
  '65536',
  '4294967296',
  '9007199254740993',
  '99999999999999999999999',
  `1${'0'.repeat(400)}`,
  '١٢',
  '5ms',
  '3s',
  '5 s',
  '2h',
  '-5s',
  '10 parsecs',
  '5x',
  '99999999999d',
  '3650d',
  '3651d',
  '1kb',
  '64mb',
  '1.5gb',
  '1025tb',
  '-1kb',
  '5m5s',
  'true',
  'false',
  'TRUE',
  'yes',
  'on',
  'off',
  'OFF',
  'auto',
  'unlimited',
  'none',
  'null',
  'undefined',
  '[]',
  '{}',
  '__proto__',
  'constructor',
  'toString',
  'debug',
  'AT_LEAST_ONCE',
  'region',
  'region,full',
  '80',
  '9-3',
  '3-9',
  '3-9-12',
  '70000-70001',
  'a,b',
  '127.0.0.1',
  '127.0.0.1:1',
  '::1',
  '[::1]',
  '[::1',
  'fe80::1%eth0',
  'a_b.c-d',
  'a b',
  'http://x',
  '-x',
  'x'.repeat(254),
  'a\u0000b',
  'two\nlines',
  '\u001b[31mred',
  'x'.repeat(100_000),
]

// ---- the second reader ----

const UNITS: Readonly<Record<string, bigint>> = {
  ms: 1n,
  s: 1_000n,
  m: 60_000n,
  min: 60_000n,
  h: 3_600_000n,
  d: 86_400_000n,
  b: 1n,
  kb: 1n << 10n,
  mb: 1n << 20n,
  gb: 1n << 30n,
  tb: 1n << 40n,
}
const TIMES = ['ms', 's', 'm', 'min', 'h', 'd']
const SIZES = ['b', 'kb', 'mb', 'gb', 'tb']
/** Thousandths of `given` in the least unit, or null. Values here have at most one decimal. */
function amount(given: string, units: readonly string[]): bigint | null {
  const digits = /^[0-9]+(\.[0-9])?/.exec(given)?.[0]
  if (digits === undefined) return null
  const unit = given.slice(digits.length).trim().toLowerCase() || (units[0] ?? '')
  const factor = units.includes(unit) ? UNITS[unit] : undefined
  const [whole = '', tenth = '0'] = digits.split('.')
  return factor === undefined ? null : (BigInt(whole) * 10n + BigInt(tenth)) * 100n * factor
}
const within = (value: bigint | null, low: bigint, high: bigint): boolean =>
  value !== null && value >= low * 1_000n && value <= high * 1_000n
const times = (text = ''): bigint => (amount(text, TIMES) ?? 0n) / 1_000n
const bytes = (text = ''): bigint => (amount(text, SIZES) ?? 0n) / 1_000n
const isPort = (text = ''): boolean => /^[0-9]{1,5}$/.test(text) && Number(text) <= 65_535

type Reader = readonly [RegExp, (given: string, said: readonly string[]) => boolean]
const READERS: readonly Reader[] = [
  [
    /^a whole number from (\d+) to (\d+)$/,
    (given, [low = '', high = '']) =>
      /^[0-9]+$/.test(given) && BigInt(given) >= BigInt(low) && BigInt(given) <= BigInt(high),
  ],
  [
    /^a number from (\d+) to (\d+)$/,
    (given, [low, high]) =>
      /^[0-9]+(\.[0-9]+)?$/.test(given) &&
      Number(given) >= Number(low) &&
      Number(given) <= Number(high),
  ],
  [
    /^a duration from (\S+) to (\S+), such as /,
    (given, [low, high]) => within(amount(given, TIMES), times(low), times(high)),
  ],
  [
    /^a size from (\S+) to (\S+), such as /,
    (given, [low, high]) => within(amount(given, SIZES), bytes(low), bytes(high)),
  ],
  [/^true or false$/, (given) => given === 'true' || given === 'false'],
  [
    /^one of (.+)$/,
    (given, [names = '']) => names.split(', ').includes(given.toLowerCase().replaceAll('_', '-')),
  ],
  [
    /^some text of at most (\d+) characters, none of them a control character$/,
    (given, [most]) => given !== '' && given.length <= Number(most) && !/\p{Cc}/u.test(given),
  ],
  [
    /^names with commas between them, at most (\d+) characters/,
    (given, [most]) => given.length <= Number(most) && !/\p{Cc}/u.test(given),
  ],
  [
    /^a name or an address of a host, such as /,
    (given) => {
      const isName = /^[A-Za-z0-9_.-]+$/.test(given) && given.length <= 253
      const inner = /^\[(.*)\]$/.exec(given)?.[1] ?? given
      const isAddress = inner.includes(':') && /^[0-9A-Fa-f:.]{2,45}(%[\w.-]+)?$/.test(inner)
      return (isName && !/^[.-]/.test(given)) || isAddress
    },
  ],
  [
    /^host:port, such as /,
    (given) => {
      const host = given.slice(0, given.lastIndexOf(':'))
      const port = given.slice(host.length + 1)
      const isName = host.length <= 253 && /^[A-Za-z0-9.-]+$/.test(host)
      const isAddress = host.length <= 47 && /^\[[0-9A-Fa-f:.]{2,}\]$/.test(host)
      return (isName || isAddress) && isPort(port) && Number(port) > 0
    },
  ],
  [
    /^a port, or a range such as /,
    (given) => {
      const [first, last = first, ...more] = given.split('-')
      return isPort(first) && isPort(last) && Number(first) <= Number(last) && more.length === 0
    },
  ],
  [
    /^a user's number, or two for user and group such as /,
    (given) => {
      const ids = given.split(':')
      const isId = (id: string): boolean => Number(id) >= 1 && Number(id) < 2 ** 31
      return ids.length <= 2 && ids.every((id) => /^[0-9]{1,10}$/.test(id) && isId(id))
    },
  ],
]

/** Whether the sentence allows the text. */
function isAllowed(wanted: string, given: string): boolean {
  const [, inner, word] = /^(.*), or "(\w+)"$/s.exec(wanted) ?? []
  if (inner !== undefined) return given.toLowerCase() === word || isAllowed(inner, given)
  for (const [pattern, reads] of READERS) {
    const said = pattern.exec(wanted)
    if (said !== null) return reads(given, said.slice(1))
  }
  throw new Error(`no reader knows "${wanted}": add one above`)
}

// ---- the sources ----

interface Source {
  readonly name: string
  readonly load: (key: ConfigKey, given: string) => void
  readonly origin: (key: ConfigKey) => string
  /** Only what concerns jobs may stand here. */
  readonly ofJobs?: true
}
const from =
  (sources: (key: ConfigKey, given: string) => ConfigSources): Source['load'] =>
  (key, given) => {
    loadConfig(sources(key, given))
  }
const path = join(directory, 'weir.yaml')
const written = (yaml: string): string => {
  writeFileSync(path, yaml)
  return path
}
const SOURCES: readonly Source[] = [
  {
    name: 'file',
    load: from((key, given) => ({
      file: written(`# one\n"${key}": ${JSON.stringify(given)}\n`),
    })),
    origin: () => `file ${path}:2`,
  },
  {
    name: 'environment',
    load: from((key, given) => ({ env: { [envNameOf(key)]: given } })),
    origin: (key) => `environment ${envNameOf(key)}`,
  },
  {
    name: 'secret file',
    load: from((key, given) => ({ env: { [`${envNameOf(key)}_FILE`]: written(given) } })),
    origin: (key) => `environment ${envNameOf(key)}`,
  },
  {
    name: '-D',
    load: from((key, given) => ({ defines: [`${key}=${given}`] })),
    origin: () => 'flag -D',
  },
  {
    name: 'project',
    load: from((key, given) => ({
      project: [{ key, text: given, origin: 'file weir.config.ts' }],
    })),
    origin: () => 'file weir.config.ts',
  },
  {
    name: "the job's code",
    load: (key, given) => {
      jobSettingsFrom(DEFAULTS, { config: { [key]: given } }, [])
    },
    origin: () => "the job's code",
    ofJobs: true,
  },
  {
    name: '-D of a job',
    load: (key, given) => {
      jobSettingsFrom(DEFAULTS, {}, [`${key}=${given}`])
    },
    origin: () => 'flag -D',
    ofJobs: true,
  },
]
const DEFAULTS = loadConfig({})

/** null: accepted. */
function refusalOf(load: () => void): WeirError | null {
  try {
    load()
    return null
  } catch (error) {
    if (error instanceof WeirError) return error
    throw error
  }
}

const isPrintable = (text: string): boolean => !/\p{Cc}/u.test(text)

describe.each(KEY_NAMES)('%s', (key) => {
  const wanted = wantedBy(CONFIG_KEYS[key].schema)

  test.each(SOURCES)('from $name: what is not allowed is refused by name and place', (source) => {
    // Values are told apart behind the sources: one source gets them all, the others every seventh.
    for (const given of VALUES.filter((_, i) => source.name === '-D' || i % 7 === 2)) {
      const said = `${key}=${given.slice(0, 40)} (${wanted})`
      const error = refusalOf(() => source.load(key, given))
      if (source.ofJobs && CONFIG_KEYS[key].scope === 'process') {
        expect(error, said).toMatchObject({ code: 'config/not-a-job-setting' })
        expect(error?.message, said).toContain(`${key} (${source.origin(key)})`)
        continue
      }
      const text = given.trim()
      if (isAllowed(wanted, text)) {
        // Right by itself; if it does not fit its neighbours, both are named.
        if (error === null) continue
        expect(error.message, said).toMatch(/ must be .*\(default\)|\(default\) must be /)
        expect(error.message, said).toContain(key)
        continue
      }
      expect(error, said).toMatchObject({ code: 'config/bad-value', domain: 'user' })
      const message = error?.message ?? ''
      expect(message, said).toContain(key)
      expect(message, said).toContain(source.origin(key))
      expect(message, said).toContain(`must be ${wanted}`)
      expect(message.length, said).toBeLessThan(LINE_CHARS_MAX + source.origin(key).length)
      expect(isPrintable(message), said).toBe(true)
    }
  })

  test('in a file: nothing, a list, a map, a date and strange tags are no surprise', () => {
    for (const yaml of [
      `${key}:`,
      `${key}: ~`,
      `${key}: { a: 1 }`,
      `${key}: [[1], 2]`,
      `${key}: [1, 2]`,
      `${key}: []`,
      `${key}: 2026-01-01`,
      `${key}: !!binary AAAA`,
      `${key}: !own 1`,
      `${key}: &a [*a]`,
      `${key}: *gone`,
      `${key}: |\n  two\n  lines`,
      `${key}: 1\n${key}: 1`,
      `? [${key}]\n: 1`,
    ]) {
      const error = refusalOf(() => loadConfig({ file: written(`${yaml}\n`) }))
      if (error === null) continue
      expect(error.code, yaml).toMatch(/^config\/(bad-value|bad-file|unknown-key)$/)
      expect(error.message, yaml).toContain(path)
      expect(isPrintable(error.message), yaml).toBe(true)
    }
  })

  test('mistyped, it is refused with the right name, wherever it stands', () => {
    const typo = `${key}x`
    const near = { code: 'config/unknown-key', hint: expect.stringContaining(key) }
    for (const sources of [
      { file: written(`${typo}: 1\n`) },
      { defines: [`${typo}=1`] },
      { project: [{ key: typo, text: '1', origin: 'file weir.config.ts' }] },
    ])
      expect(refusalOf(() => loadConfig(sources))).toMatchObject(near)
    expect(refusalOf(() => loadConfig({ env: { [`${envNameOf(key)}X`]: '1' } }))).toMatchObject(
      near,
    )
    const inCode = { config: { [typo]: '1' } }
    expect(refusalOf(() => jobSettingsFrom(DEFAULTS, inCode, []))).toMatchObject(near)
  })
})
