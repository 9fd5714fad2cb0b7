// Makes docs/reference/config.md from the schema of configuration keys; with --check fails when the page is stale.
// Usage: node tools/gen-config-reference.mjs [--check]
import { CONFIG_KEYS } from '../packages/common/src/node/config-keys.ts'
import { envNameOf } from '../packages/common/src/node/config-sources.ts'
import { wantedBy, writtenAs } from '../packages/common/src/node/config-values.ts'
import { writePage } from './write-page.mjs'

const HEAD = `# Configuration

<!-- Made by tools/gen-config-reference.mjs from packages/common/src/node/config-keys.ts. Do not edit. -->

## Where a value comes from

Weakest first, for a process: the default; its YAML file (\`--config FILE\` or \`WEIR_CONFIG\`); its environment;
\`-D key=value\`; a flag of its own (\`--port\`).

Weakest first, for a job: the default; what the cluster says of jobs; the file of the project (\`weir.config.ts\`, \`.js\` or
\`.yaml\` beside the nearest \`package.json\`, or nearer); the environment of the command; what the job's code says;
\`-D key=value\`; a flag of its own (\`-p\`).

What a cluster says of jobs is what the configuration of its JobManager has of the keys of jobs, of their data plane and of
\`user.\`, but for what is named like a secret: the log of each job would have it. The JobManager logs at its start which
settings these are. \`weir run\` asks for the others when it submits; a job that runs already keeps what it has.
\`weir plan\` and \`weir dev\` ask no cluster. A TaskManager takes no notice of such keys, so that one file serves both.

A key that is not understood is an error that names the nearest one, and values that do not fit each other are refused
with both names. \`weir config explain KEY\` says what holds and why; \`weir config list\` says it for every key.

* **Environment**: \`WEIR_\` and the key in capitals, with \`_\` for every other character. \`NAME_FILE\` reads the value from
  a file, for mounted secrets. A variable that is nearly one of these is refused, as a key would be.
* **YAML**: keys may be nested or dotted. \`\${NAME}\` and \`\${NAME:-default}\` are taken from the environment.
* **Durations**: \`250ms\`, \`10s\`, \`5m\`, \`1h\`, \`30d\`; a bare number is milliseconds.
* **Sizes**: \`64kb\`, \`16mb\`, \`1gb\`, in powers of 1,024; a bare number is bytes.
* Keys that begin with \`user.\` are the job's own and are passed on as they are.
* **Secrets**: values of keys that end in \`password\`, \`secret\`, \`token\`, \`credential\` or \`api-key\` are shown as
  \`******\` everywhere. A job with such a key is refused (\`config/secret-setting\`), whoever said it: settings stand in the
  job's log. So is one with such an argument (\`job/secret-argument\`). For secrets of jobs there is
  [\`env.secret\`](../guide/streams-and-state.md#secrets).

The names are Flink's where the meaning is equal.
`

const SECTIONS = [
  {
    scope: 'job',
    title: 'Jobs',
    about:
      'Settings of one job: by its code (see [checkpoints and recovery](../guide/checkpoints-and-recovery.md)), by `-D` at\n`weir run`, by the project or the environment of the command; for all jobs of a cluster by the configuration of its\nJobManager.',
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

function row([key, definition]) {
  const { about, aliases, schema } = definition
  const also =
    aliases.length === 0 ? '' : ` Also: ${aliases.map((one) => `\`${one}\``).join(', ')}.`
  const preset = writtenAs(schema, definition.byDefault)
  return `| \`${key}\` | ${preset === '' ? '' : `\`${preset}\``} | ${cell(about)}${also}<br>${cell(wantedBy(schema))} |`
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
