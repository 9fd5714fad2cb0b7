// Configuration keys of what jobs print, as a TaskManager keeps it on disk.

import { type KeyDefinition, ofProcess } from './config-definition.ts'
import { integer, orWord, size } from './config-values.ts'

const MIB = 1_024 ** 2
const GIB = 1_024 ** 3

/** Sizes are bytes; null is "off". */
export interface OutputValues {
  readonly 'taskmanager.output.total-size': number | null
  readonly 'taskmanager.output.file-size': number
  readonly 'taskmanager.output.files': number
}

export const OUTPUT_KEYS: { readonly [K in keyof OutputValues]: KeyDefinition<OutputValues[K]> } = {
  'taskmanager.output.total-size': ofProcess(
    orWord('off', size(2 * MIB, 1_024 * GIB)),
    256 * MIB,
    'Room for what jobs have printed, in the directory output of data.dir; the oldest files are deleted. off: nothing is kept on disk.',
  ),
  'taskmanager.output.file-size': ofProcess(
    size(MIB, 64 * GIB),
    10 * MIB,
    'A file of what a job has printed is set aside, as .1, .2 and so on, at this size.',
  ),
  'taskmanager.output.files': ofProcess(
    integer(1, 100),
    5,
    'Files that one TaskManager keeps of what one job has printed.',
  ),
}
