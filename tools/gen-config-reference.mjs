// Makes docs/reference/config.md from the schema of configuration keys; with --check fails when the page is stale.
// Usage: node tools/gen-config-reference.mjs [--check]
import { CONFIG_KEYS } from '../packages/common/src/node/config-keys.ts'
import { envNameOf } from '../packages/common/src/node/config-sources.ts'
import { sizeText } from '../packages/common/src/node/config-values.ts'
import { writePage } from './write-page.mjs'

const HEAD = `# Configuration

<!-- Made by tools/gen-config-reference.mjs from packages/common/src/node/config-keys.ts. Do not edit. -->

## Where a value comes from

Weakest first: the default; for a process its YAML file (\`--config FILE\`); the environment; for a job what its code says;
\`-D key=value\`; a flag of its own (\`-p\`, \`--port\`). A key that is not understood is an error that names the nearest one.

* **Environment**: \`WEIR_\` and the key in capitals, with \`_\` for every other character. \`NAME_FILE\` reads the value from
  a file, for mounted secrets.
* **YAML**: keys may be nested or dotted. \`\${NAME}\` and \`\${NAME:-default}\` are taken from the environment.
* **Durations**: \`250ms\`, \`10s\`, \`5m\`, \`1h\`, \`30d\`; a bare number is milliseconds.
* **Sizes**: \`64kb\`, \`16mb\`, \`1gb\`, in powers of 1,024; a bare number is bytes.
* Keys that begin with \`user.\` are the job's own and are passed on as they are.

The names are Flink's where the meaning is equal.
`

const SECTIONS = [
  {
    scope: 'job',
    title: 'Jobs',
    about:
      'Settings of one job: by its code (see [checkpoints and recovery](../guide/checkpoints-and-recovery.md)), by `-D` at\n`weir run`, or by the environment of the command.',
  },
  {
    scope: 'task',
    title: 'Data plane of a job',
    about: 'They travel with a job to the slots that run it, and are set like those above.',
  },
  {
    scope: 'process',
    title: 'Processes',
    about:
      'Of the process that reads them: `weir jobmanager`, `weir taskmanager`, and both by `weir cluster start -D`. A job\ncannot set them.',
  },
]

const cell = (text) => text.replaceAll('|', '\\|')

/** What a value must be, as its own parser says when it refuses. */
function wanted(schema) {
  const refusal = schema.safeParse('\u0000')
  if (refusal.success) return 'text'
  return refusal.error.issues[0].message.replace(/^must be /, '')
}

/** The default as one would write it. */
function written(key, { byDefault, schema }) {
  const kind = wanted(schema)
  if (byDefault === null) return /"(\w+)"$/.exec(kind)?.[1] ?? ''
  if (Array.isArray(byDefault)) return byDefault.join(',')
  if (typeof byDefault === 'object') return `${byDefault.first}`
  if (typeof byDefault !== 'number') return `${byDefault}`
  if (kind.startsWith('a duration')) return durationText(byDefault)
  return kind.startsWith('a size') ? sizeText(byDefault) : `${byDefault}`
}

function durationText(ms) {
  const units = [
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1_000],
  ]
  const unit = units.find(([, factor]) => ms >= factor && ms % factor === 0)
  return unit === undefined ? `${ms}ms` : `${ms / unit[1]}${unit[0]}`
}

function row([key, definition]) {
  const { about, aliases, schema } = definition
  const also =
    aliases.length === 0 ? '' : ` Also: ${aliases.map((one) => `\`${one}\``).join(', ')}.`
  const preset = written(key, definition)
  return `| \`${key}\` | ${preset === '' ? '' : `\`${preset}\``} | ${cell(about)}${also}<br>${cell(wanted(schema))} |`
}

function section({ scope, title, about }) {
  const keys = Object.entries(CONFIG_KEYS).filter(([, definition]) => definition.scope === scope)
  return [
    `## ${title}`,
    '',
    about,
    '',
    '| key | default | meaning and values |',
    '|---|---|---|',
    ...keys.map(row),
  ].join('\n')
}

const example = 'execution.checkpointing.interval'
const page = `${HEAD}
For instance \`${example}\` is \`${envNameOf(example)}\` in the environment.

${SECTIONS.map(section).join('\n\n')}
`
writePage('docs/reference/config.md', page, 'gen-config-reference')
