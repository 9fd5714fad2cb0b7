// weir doctor: looks at everything that may be wrong with an installation, changes nothing, and says what to do.

import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { loadConfig } from '@weirjs/common/node/config'
import { WeirError } from '@weirjs/common/core/errors'
import type { Cli, GlobalOptions } from '../cli.ts'
import { findClusterFile } from '../context.ts'
import { brokenBy, examine, type Finding, ok, type Patient, type Verdict } from '../doctor/check.ts'
import { checkCertificates } from '../doctor/certificate-checks.ts'
import { checkCluster } from '../doctor/cluster-checks.ts'
import { checkHistory, checkLogs, checkWorkDirectories } from '../doctor/kept-checks.ts'
import {
  checkCheckpoints,
  checkDataDirectory,
  checkLeftovers,
  checkOutput,
  checkToken,
} from '../doctor/place-checks.ts'
import { checkDisk, checkLimits, checkNode } from '../doctor/system-checks.ts'
import { show } from '../output/show.ts'
import { counted } from '../output/units.ts'
import type { Style } from '../output/style.ts'
import { projectSettings } from '../project-config.ts'
import { configFile } from './config.ts'
import { tlsFlags } from './processes.ts'
import { gather } from './run.ts'

interface DoctorOptions extends GlobalOptions {
  readonly config?: string
  readonly define: readonly string[]
  readonly dataDir?: string
  readonly deep?: boolean
}

export function addDoctorCommand(program: Command, cli: Cli): void {
  program
    .command('doctor')
    .description('look for what is wrong with this installation, its data and its cluster')
    .option('--data-dir <directory>', 'where the processes keep everything')
    .option('--config <file>', 'YAML file with configuration keys')
    .option('-D, --define <key=value>', 'set a configuration key; may be repeated', gather, [])
    .option('--deep', 'read every byte of every state file')
    .action(async (_own: object, command: Command) => doctor(cli, command.optsWithGlobals()))
}

async function doctor(cli: Cli, options: DoctorOptions): Promise<void> {
  const terminal = cli.terminal(options)
  const findings = await examineAll(cli, options)
  const count = (verdict: Verdict): number =>
    findings.filter((finding) => finding.verdict === verdict).length
  const [failed, warned] = [count('broken'), count('warning')]
  show(terminal, options, {
    json: { healthy: failed === 0, findings },
    names: findings.filter(({ verdict }) => verdict !== 'ok').map(({ check }) => check),
    lines: findings.flatMap((finding) => linesOf(finding, terminal.out)),
  })
  if (failed > 0) {
    throw new WeirError('doctor/broken', `${failed} of ${findings.length} checks failed`, {
      domain: 'user',
    })
  }
  terminal.note(warned === 0 ? 'all is well' : `nothing is broken; ${counted(warned, 'warning')}`)
}

async function examineAll(cli: Cli, options: DoctorOptions): Promise<readonly Finding[]> {
  let patient: Patient
  try {
    patient = await patientOf(cli, options)
  } catch (error) {
    // Without a configuration nobody knows where to look.
    const { cwd } = cli
    const nobody = { cli, options, dataDirectory: cwd, checkpointDirectory: cwd, deep: false }
    const config = loadConfig({})
    return [
      ...(await examine({ ...nobody, config }, { node: checkNode, limits: checkLimits })),
      brokenBy('configuration', error),
    ]
  }
  return examine(patient, {
    node: checkNode,
    configuration: () => [ok('configuration', 'every setting is understood')],
    limits: checkLimits,
    'data directory': checkDataDirectory,
    disk: checkDisk,
    token: checkToken,
    certificates: checkCertificates,
    leftovers: checkLeftovers,
    history: checkHistory,
    'work directories': checkWorkDirectories,
    logs: checkLogs,
    output: checkOutput,
    checkpoints: checkCheckpoints,
    cluster: checkCluster,
  })
}

async function patientOf(cli: Cli, options: DoctorOptions): Promise<Patient> {
  const config = loadConfig({
    file: configFile(cli, options.config),
    project: await projectSettings(cli),
    env: cli.env,
    defines: options.define,
    flags: {
      ...tlsFlags(cli, options),
      ...(options.dataDir === undefined ? {} : { 'data.dir': options.dataDir }),
    },
  })
  const started = config.origins['data.dir'] === 'default' ? findClusterFile(cli) : null
  const dataDirectory = resolve(cli.cwd, started?.file.dataDirectory ?? config.values['data.dir'])
  const said = config.values['execution.checkpointing.dir']
  const checkpointDirectory =
    said === null ? join(dataDirectory, 'checkpoints') : resolve(cli.cwd, said)
  return { cli, options, config, dataDirectory, checkpointDirectory, deep: options.deep === true }
}

const MARKS = { ok: 'green', warning: 'yellow', broken: 'red' } as const
const WIDEST = 'warning'.length

function linesOf({ check, verdict, message, hint }: Finding, style: Style): readonly string[] {
  const mark = style.paint(MARKS[verdict], verdict.padEnd(WIDEST))
  const line = `${mark}  ${check}: ${message}`
  return hint === null ? [line] : [line, `${' '.repeat(WIDEST)}  hint: ${hint}`]
}
