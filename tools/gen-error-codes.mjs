// Makes docs/reference/error-codes.md by reading the sources: every code that can be told, with whose mistake it is and
// what to do about it; with --check fails when the page is stale. It finds `new WeirError('area/what', …)`, the SDK's
// `jobError('what', …)`, rows of tables (`code: 'area/what', …`), and any other 'area/what' text of a known area.
// Usage: node tools/gen-error-codes.mjs [--check]
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { exitCodeOf } from '../packages/cli/src/exit-codes.ts'
import { root, writePage } from './write-page.mjs'

const CODE = /^[a-z]+\/[a-z][a-z0-9-]*$/
const QUOTES = ["'", '"', '`']

/** What the sources fill in as a whole, or leave to another library. */
const ABOUT = {
  'checkpoint/failed': 'a checkpoint that was asked for did not complete; the message says why',
  'checkpoint/manifest-exists':
    'a manifest of this name is on the storage already, with other content',
  'checkpoint/timed-out': 'a checkpoint took longer than execution.checkpointing.timeout',
  'exchange/bad-frame': 'a data frame is not what its format says',
  'exchange/connection-lost': 'a data connection between two slots broke',
  'files/exists': 'there is already a file of that name',
  'files/io': 'reading or writing failed in a way that the system does not explain further',
  'files/is-a-directory': 'a directory, not a file, is at that path',
  'files/not-a-directory': 'a part of the path is no directory',
  'generator/bad-option': 'a count or a rate of a generator means nothing',
  'internal/assertion-failed': 'something that Weir relies on is not so',
  'job/bad-setting': 'a setting in the code of the job is misspelt or out of range',
  'job/build-failed': 'the build function of the job threw',
  'job/bundle-failed': 'the job does not compile; the message is that of the bundler',
  'job/internal': 'a mistake in Weir ended the job',
  'job/invalid-graph': 'a job graph that cannot be right came over the wire',
  'job/invalid-settings': 'job settings that cannot be right came over the wire',
  'job/process-killed': 'a job process was ended by Weir, because a task did not stop',
  'job/recovery-failed': 'a new JobManager could not take over the job',
  'job/uncaught-error': 'code of the job threw outside of any step (a timer, a promise)',
  'job/user-code-failed':
    'a function of the job threw; the message and the place are those of the error',
  'record/not-encodable':
    'a record holds what its type does not allow; the message names the field',
  'rpc/failed': 'a call between processes failed; the message says how',
  'rpc/internal': 'the other side of a call failed in a way that it does not explain',
  'rpc/message-too-large': 'a message between processes is over its limit',
  'rpc/overloaded': 'the other side takes no more calls just now',
  'worker/bad-registration': 'a TaskManager says something about itself that cannot be',
  'worker/bad-request': 'a JobManager asks a TaskManager for what it cannot do',
}

/** Helpers whose texts of this shape are names of formats, not of errors. */
const NOT_ERRORS = /^(?:plainCodec|structCodec)$/

/** Texts of this shape that are no error codes: modules and the like. */
const NOT_CODES = new Set(['weirjs/files', 'weirjs/testing', 'weirjs/connector', 'node/v8'])

function sources() {
  const files = []
  for (const entry of readdirSync(join(root, 'packages'), {
    recursive: true,
    withFileTypes: true,
  })) {
    if (!entry.isFile() || !entry.name.endsWith('.ts')) continue
    const path = join(entry.parentPath, entry.name).slice(root.length + 1)
    if (!/^packages\/[^/]+\/src\//.test(path) || /\/rpc\/gen\//.test(path)) continue
    if (/\.(test|contract|fixture|d)\.ts$/.test(path)) continue
    files.push({ path, text: readFileSync(join(root, path), 'utf8') })
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** Index behind the text that begins with a quote at `at`; `${…}` inside is skipped whole. */
function endOfText(text, at) {
  const quote = text[at]
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === quote) return i + 1
    else if (quote === '`' && text.startsWith('${', i)) i = endOfGroup(text, i + 1) - 1
  }
  return text.length
}

/** Index behind the bracket that closes the one at `at`. */
function endOfGroup(text, at) {
  let depth = 0
  for (let i = at; i < text.length; i++) {
    if (QUOTES.includes(text[i])) i = endOfText(text, i) - 1
    else if (text.startsWith('//', i)) i = text.indexOf('\n', i)
    else if ('([{'.includes(text[i])) depth++
    else if (')]}'.includes(text[i]) && --depth === 0) return i + 1
  }
  return text.length
}

/** What stands between the brackets of a group, cut at its commas. */
function parts(group) {
  const inner = group.slice(1, -1)
  const found = []
  let from = 0
  for (let i = 0; i <= inner.length; i++) {
    if (i === inner.length || inner[i] === ',') {
      found.push(inner.slice(from, i).trim())
      from = i + 1
    } else if (QUOTES.includes(inner[i])) i = endOfText(inner, i) - 1
    else if (inner.startsWith('//', i)) i = inner.indexOf('\n', i)
    else if ('([{'.includes(inner[i])) i = endOfGroup(inner, i) - 1
  }
  return found.filter((part) => part !== '')
}

/** `name: value` members of an object's source, by name. */
function members(source) {
  const open = source.indexOf('{')
  if (open < 0) return new Map()
  return new Map(
    parts(source.slice(open, endOfGroup(source, open))).flatMap((part) => {
      const match = /^(\w+)\s*:\s*([\s\S]*)$/.exec(part)
      return match === null ? [] : [[match[1], match[2].trim()]]
    }),
  )
}

/** A text as a person reads it, with … for what is filled in; undefined when it is no plain text. */
function plain(source) {
  if (source === undefined || !QUOTES.includes(source[0])) return undefined
  if (endOfText(source, 0) !== source.length) return undefined
  let said = ''
  for (let i = 1; i < source.length - 1; i++) {
    if (source[i] === '\\') said += source[++i] === 'n' ? ' ' : source[i]
    else if (source[0] === '`' && source.startsWith('${', i)) {
      said += '…'
      i = endOfGroup(source, i + 1) - 1
    } else said += source[i]
  }
  return said
}

function textAt(source) {
  if (source === undefined || !QUOTES.includes(source[0])) return undefined
  return plain(source.slice(0, endOfText(source, 0)))
}

const codes = new Map()
const constants = new Map()

function note(code, path, facts) {
  const known = codes.get(code) ?? {
    domains: new Set(),
    messages: new Set(),
    hints: new Set(),
    files: new Set(),
  }
  codes.set(code, known)
  known.files.add(path)
  const { domain, message, hint } = facts
  if (domain !== undefined) known.domains.add(domain)
  if (message !== undefined) known.messages.add(message)
  if (hint !== undefined) known.hints.add(hint)
}

const factsOf = (details) => ({
  domain: plain(details.get('domain')),
  hint: plain(details.get('hint')),
})

function readCalls({ path, text }) {
  for (const match of text.matchAll(/\b(?:new WeirError|jobError)(?=\()/g)) {
    const [code, message, details = ''] = parts(
      text.slice(match.index + match[0].length, endOfGroup(text, match.index + match[0].length)),
    )
    const isJob = match[0] === 'jobError'
    const said = textAt(code) ?? constants.get(code)
    if (said === undefined || said.includes('…')) continue
    const facts = { message: plain(message), ...factsOf(members(details)) }
    note(isJob ? `job/${said}` : said, path, isJob ? { ...facts, domain: 'user' } : facts)
  }
}

function readTables({ path, text }) {
  for (const match of text.matchAll(/\{[^{}]*?\bcode: (?=['"])/g)) {
    const row = members(text.slice(match.index, endOfGroup(text, match.index)))
    const code = textAt(row.get('code'))
    if (code !== undefined && CODE.test(code)) note(code, path, factsOf(row))
  }
}

/** `CODE_X = 'area/what'`, by name. */
function readConstants({ text }) {
  for (const [, name, code] of text.matchAll(
    /\bconst (\w+)(?:: \w+)? = '([a-z]+\/[a-z][a-z0-9-]*)'/g,
  ))
    constants.set(name, code)
}

/** Helpers that make an error of a code, a message and perhaps a hint: `refuse('area/what', …, 'hint')`. */
function readHelpers({ path, text }, areas) {
  for (const match of text.matchAll(
    /\b(?!WeirError|jobError)\w+(?=\(\s*(?:'([a-z]+\/[a-z][a-z0-9-]*)'|(CODE_\w+))\s*,)/g,
  )) {
    const code = match[1] ?? constants.get(match[2])
    if (NOT_ERRORS.test(match[0])) NOT_CODES.add(code)
    if (code === undefined || !areas.has(code.split('/')[0]) || NOT_CODES.has(code)) continue
    const from = match.index + match[0].length
    const [, ...others] = parts(text.slice(from, endOfGroup(text, from)))
    const texts = others.map(plain)
    const [message] = texts.filter((one) => one !== undefined && !isHint(one))
    note(code, path, { message, hint: texts.find((one) => one !== undefined && isHint(one)) })
  }
}

/** Hints are sentences with a capital and a full stop, messages are not. */
const isHint = (text) => /^[A-Z].*\.$/.test(text)

/** Codes that reach an error in some other way: known by name only. */
function readRest({ path, text }, areas) {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
  for (const [, said] of code.matchAll(/'([a-z]+\/[a-z][a-z0-9-]*)'/g)) {
    if (!areas.has(said.split('/')[0]) || NOT_CODES.has(said) || codes.has(said)) continue
    if (/Codec|from '/.test(lineAround(code, said))) continue
    note(said, path, {})
  }
}

const lineAround = (text, said) => {
  const at = text.indexOf(`'${said}'`)
  return text.slice(text.lastIndexOf('\n', at - 60), text.indexOf('\n', at))
}

const all = sources()
for (const source of all) readConstants(source)
for (const source of all) readCalls(source)
for (const source of all) readTables(source)
const areas = new Set([...codes.keys()].map((code) => code.split('/')[0]))
for (const source of all) readHelpers(source, areas)
for (const source of all) readRest(source, areas)

const cell = (text) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ')
const list = (set) => [...set].map(cell)

function row([code, { domains, messages, hints }]) {
  const said = messages.size === 0 && ABOUT[code] !== undefined ? [ABOUT[code]] : list(messages)
  const text = [
    ...said.slice(0, 3),
    ...list(hints)
      .slice(0, 3)
      .map((hint) => `*${hint}*`),
  ]
  const domain = [...domains].sort().join(', ')
  return `| \`${code}\` | ${domain} | ${exitCodeOf({ code })} | ${text.join('<br>')} |`
}

const sorted = [...codes].filter(([code]) => CODE.test(code)).sort(([a], [b]) => (a < b ? -1 : 1))
const byArea = Map.groupBy(sorted, ([code]) => code.split('/')[0])

const page = `# Error codes

<!-- Made by tools/gen-error-codes.mjs from the sources. Do not edit. -->

Every error has a stable code. It stands in brackets behind the message, in the logs, in histories, and in JSON as
\`error.code\`. Texts may change; codes do not. [How errors read](../guide/errors.md) explains the rest.

* **Whose**: \`user\`: your job, your input, your command. \`external\`: a disk, a network, another process; Weir tries
  again by itself where that can help. \`internal\`: a mistake in Weir; please report it.
* **Exit**: the exit code of a command that ends with this error. A job that was followed and failed is always 1.
* **Says**: the message, with … for what is filled in, and in italics the hint.

${[...byArea].map(([area, rows]) => [`## ${area}`, '', '| code | whose | exit | says |', '|---|---|---|---|', ...rows.map(row)].join('\n')).join('\n\n')}
`
writePage('docs/reference/error-codes.md', page, 'gen-error-codes')
