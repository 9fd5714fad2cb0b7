// Makes docs/internals/formats.md of the head comments of the files that own the formats, so that the page says what they
// say; with --check fails when it is stale.
// Usage: node tools/gen-formats.mjs [--check]
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, writePage } from './write-page.mjs'

const FORMATS = [
  {
    title: 'Frame: records between tasks',
    file: 'packages/common/src/codec/frame.ts',
    about:
      'What leaves a task in one piece. Private to Weir: both ends of a channel run the same version.',
  },
  {
    title: 'Messages between a TaskManager and a job process',
    file: 'packages/taskmanager/src/slots/message-frames.ts',
    about: 'On two pipes, one for each direction. Private to one installation.',
  },
  {
    title: 'Block and chunk: values at rest',
    file: 'packages/common/src/codec/block.ts',
    about: 'What state files consist of.',
  },
  {
    title: 'Undeclared values',
    file: 'packages/common/src/codec/dynamic-format.ts',
    about:
      'Inside frames and blocks, where no type was declared. Declared types are written field by field, without tags.',
  },
  {
    title: 'Key groups',
    file: 'packages/common/src/core/graph/key-groups.ts',
    about:
      'Which subtask a key belongs to is part of the storage format: state files are cut by key groups.',
  },
  {
    title: 'State file: a subtask in a checkpoint',
    file: 'packages/taskmanager/src/state/state-file.ts',
    about: 'One for each subtask that has state. Where each segment lies is in the manifest.',
  },
  {
    title: 'Envelope: small files that prove themselves',
    file: 'packages/common/src/codec/envelope.ts',
    about: 'Around manifests and entries of the job log. `cat` shows them.',
  },
  {
    title: 'Names on the checkpoint storage',
    file: 'packages/common/src/core/checkpoint/paths.ts',
    about: 'All names come from this file.',
  },
  {
    title: 'Manifest: what a checkpoint consists of',
    file: 'packages/common/src/core/checkpoint/manifest.ts',
    about:
      'JSON in an envelope of the kind `manifest`. The type below the comment has its members.',
  },
  {
    title: 'Job log entry',
    file: 'packages/jobmanager/src/store/log-entry.ts',
    about:
      'JSON in an envelope of the kind `job-log`. A checkpoint is complete if and only if its entry exists.',
  },
  {
    title: 'The job log as a whole',
    file: 'packages/jobmanager/src/store/job-log.ts',
    about: 'How entries follow each other, and why two leaders can do no harm.',
  },
  {
    title: 'The tip of a job log',
    file: 'packages/jobmanager/src/store/log-tip.ts',
    about:
      'How a log that has lost its end is told from a whole one. JSON in an envelope of the kind `job-log-tip`.',
  },
  {
    title: 'Names of output files',
    file: 'packages/connectors/src/files/file-parts.ts',
    about: 'Where the exactly-once file sink writes.',
  },
  {
    title: 'The data directory',
    file: 'packages/common/src/node/data-directory.ts',
    about: 'Of the processes of one machine.',
  },
]

/** The comment that a file begins with. */
function headComment(file) {
  const lines = readFileSync(join(root, file), 'utf8').split('\n')
  const end = lines.findIndex((line) => !line.startsWith('//'))
  if (end < 1) throw new Error(`${file} has no head comment`)
  return lines.slice(0, end).map((line) => line.replace(/^\/\/ ?/, ''))
}

const section = ({ title, file, about }) =>
  [
    `## ${title}`,
    '',
    about,
    `[${file}](../../${file}) says:`,
    '',
    '```text',
    ...headComment(file),
    '```',
  ].join('\n')

const page = `# Formats

<!-- Made by tools/gen-formats.mjs from the head comments of the files named below. Do not edit. -->

Each format lives in one file, which has a picture and a version. Everything that persists carries a version and a checksum
(CRC-32 for pieces, SHA-256 for files, [ADR 2](../adr/0002-checksums.md)) and is checked before anything in it is used. What
a newer release wrote is refused by name. JSON where people look ([ADR 4](../adr/0004-log-and-manifest-are-json.md)),
bytes where there are many.

${FORMATS.map(section).join('\n\n')}
`
writePage('docs/internals/formats.md', page, 'gen-formats')
