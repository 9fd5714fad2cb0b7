// Job modules that are wrong, with what is to be said about each. `HERE` marks the line that the error names.

export interface WrongSource {
  readonly what: string
  readonly lines: readonly string[]
  readonly code: string
  readonly says: RegExp
  readonly hint?: RegExp
  readonly args?: readonly string[]
  /** Default 1. */
  readonly exit?: number
}

const HEAD = `import { discard, fromItems, generator, int, job, keyedProcess, struct, text } from 'weirjs'`
const numbers = `env.from(fromItems(int(), [1, 2, 3]), { uid: 'items' })`

export const WRONG_SOURCES: readonly WrongSource[] = [
  {
    what: 'throws at load',
    lines: [
      HEAD,
      `throw new Error('thrown at load') // HERE`,
      `export default job('wrong', () => {})`,
    ],
    code: 'job/load-failed',
    says: /thrown at load/,
  },
  {
    what: 'throws in its build function',
    lines: [
      HEAD,
      `export default job('wrong', () => {`,
      `  throw new Error('thrown in build') // HERE`,
      `})`,
    ],
    code: 'job/build-failed',
    says: /thrown in build/,
  },
  {
    what: 'ends its process at load',
    lines: [HEAD, `process.exit(3)`, `export default job('wrong', () => {})`],
    code: 'job/build-crashed',
    says: /ended its process while it was loaded/,
  },
  {
    what: 'does not parse',
    lines: [HEAD, `export default job('wrong', (env) => {`, `  const x: = 1 // HERE`, `})`],
    code: 'job/bundle-failed',
    says: /./,
  },
  {
    what: 'imports what is not there',
    lines: [HEAD, `import { x } from './gone.ts'`, `export default job('wrong', () => void x)`],
    code: 'job/bundle-failed',
    says: /gone\.ts/,
  },
  {
    what: 'exports no job',
    lines: [HEAD, `export const mine = 1`],
    code: 'job/no-definition',
    says: /exports no job as its default/,
    hint: /export default job/,
  },
  {
    what: 'exports several jobs',
    lines: [
      HEAD,
      `export const first = job('first', () => {}) // HERE`,
      `export default job('second', () => {})`,
    ],
    code: 'job/several-definitions',
    says: /exports 2 jobs: (?=.*"first" at)(?=.*"second" at)/,
    hint: /One module is one job/,
  },
  {
    what: 'has no steps',
    lines: [HEAD, `export default job('wrong', () => {}) // HERE`],
    code: 'job/empty',
    says: /has no steps/,
  },
  {
    what: 'has two steps of one uid',
    lines: [
      HEAD,
      `export default job('wrong', (env) => {`,
      `  const items = ${numbers}`,
      `  items.to(discard(), { uid: 'out' })`,
      `  items.to(discard(), { uid: 'out' }) // HERE`,
      `})`,
    ],
    code: 'job/duplicate-uid',
    says: /two steps have the uid "out"/,
    hint: /wrong\.ts:4/,
  },
  {
    what: 'keys by a field that is not there',
    lines: [
      HEAD,
      `const Item = struct('Item', { name: text() })`,
      `export default job('wrong', (env) => {`,
      `  env.from(generator({ count: 1, type: Item, make: () => ({ name: 'a' }) }), { uid: 'items' })`,
      `    .keyBy('nmae' as never) // HERE`,
      `    .count({ uid: 'counts' }).to(discard(), { uid: 'out' })`,
      `})`,
    ],
    code: 'job/unknown-field',
    says: /has no field "nmae"/,
    hint: /name/,
  },
  {
    what: 'ends a stream in nothing',
    lines: [
      HEAD,
      `export default job('wrong', (env) => {`,
      `  ${numbers}.map((n) => n + 1) // HERE`,
      `})`,
    ],
    code: 'job/unused-stream',
    says: /the records of step ".*" go nowhere/,
    hint: /\.to\(sink/,
  },
  {
    what: 'has items that are not of their type',
    lines: [
      HEAD,
      `export default job('wrong', (env) => {`,
      `  env.from(fromItems(int(), [1, 'two' as never]), { uid: 'items' }) // HERE`,
      `    .to(discard(), { uid: 'out' })`,
      `})`,
    ],
    code: 'record/not-encodable',
    says: /expected an integer .* got text "two"/,
  },
  {
    what: 'misspells a setting',
    lines: [
      HEAD,
      `export default job('wrong', { checkpoint: { evry: '1s' } } as never, () => {}) // HERE`,
    ],
    code: 'job/bad-setting',
    says: /there is no setting "evry"/,
    hint: /every/,
  },
  {
    what: 'is built differently each time',
    lines: [
      HEAD,
      `export default job('wrong', (env) => {`,
      `  ${numbers}.to(discard(), { uid: 'out', name: 'at ' + Date.now() }) // HERE`,
      `})`,
    ],
    code: 'job/not-deterministic',
    says: /builds another graph each time/,
  },
  {
    what: 'is told a mistyped argument',
    lines: [HEAD, `export default job('wrong', { args: { input: text() } }, () => {})`],
    args: ['--inptu', 'x'],
    code: 'job/unknown-argument',
    says: /--inptu/,
    hint: /--input/,
    exit: 2,
  },
  {
    what: 'is told a word for a number',
    lines: [HEAD, `export default job('wrong', { args: { limit: int() } }, () => {})`],
    args: ['--limit', 'many'],
    code: 'job/bad-argument',
    says: /limit.*many/,
    exit: 2,
  },
]
