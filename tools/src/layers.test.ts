import { describe, expect, it } from 'vitest'
import { importsOf, LAYERS, layerViolations } from './layers.ts'

describe('layer rules', () => {
  const forbidden: readonly [string, string][] = [
    ['packages/common/src/core/x.ts', `import { readFileSync } from 'node:fs'`],
    ['packages/common/src/core/x.ts', `import { f } from '../codec/frame.ts'`],
    ['packages/common/src/core/x.ts', `import { z } from 'zod'`],
    ['packages/common/src/node/x.ts', `import { Server } from '@grpc/grpc-js'`],
    ['packages/common/src/codec/x.ts', `import type { Job } from '@weirjs/api/define-job'`],
    ['packages/api/src/x.ts', `import { Worker } from '@weirjs/taskmanager/worker'`],
    ['packages/connectors/src/x.ts', `import { Kafka } from '@platformatic/kafka'`],
    ['packages/jobmanager/src/x.ts', `import { Worker } from '@weirjs/taskmanager/worker'`],
    [
      'packages/jobmanager/src/core/x.ts',
      `import { systemScheduler } from '@weirjs/common/node/system-scheduler'`,
    ],
    [
      'packages/taskmanager/src/x.ts',
      `import { JobManager } from '@weirjs/jobmanager/job-manager'`,
    ],
    ['packages/taskmanager/src/core/x.ts', `import { setTimeout } from 'node:timers'`],
    ['packages/taskmanager/src/core/x.ts', `import { T } from '../task/task.ts'`],
    ['packages/local/src/x.ts', `import { run } from '@weirjs/cli/main'`],
    ['packages/cli/src/x.ts', `import { JobMaster } from '@weirjs/jobmanager/job-master'`],
    ['packages/testing/src/x.ts', `import { JobManager } from '@weirjs/jobmanager/job-manager'`],
    ['packages/weirjs/src/x.ts', `export * from '@weirjs/common/core/ids'`],
    ['packages/api/src/x.ts', `import { x } from '../../connectors/src/files.ts'`],
    ['packages/api/src/x.ts', `const x = await import('fastify')`],
  ]

  it.each(forbidden)('refuses in %s: %s', (path, source) => {
    expect(layerViolations(path, source)).toHaveLength(1)
  })

  it('has a deliberate violation above for every layer', () => {
    for (const layer of LAYERS) {
      if (layer.files === 'packages/common/src/' || layer.files === 'packages/common/src/rpc/')
        continue
      expect(forbidden.some(([path]) => path.startsWith(layer.files))).toBe(true)
    }
  })

  it('lets pass what the table allows', () => {
    expect(
      layerViolations(
        'packages/jobmanager/src/core/x.ts',
        `import { assert } from '@weirjs/common/core/assert'\nimport { y } from './y.ts'`,
      ),
    ).toEqual([])
    expect(layerViolations('packages/common/src/core/x.test.ts', `import 'vitest'`)).toEqual([])
  })

  it('reads every spelling of an import and no comment', () => {
    const source =
      `import a from 'a'\nimport {\n  b,\n} from "b"\nexport { c } from 'c'\nimport 'd'\n` +
      `// import e from 'e'\n/* import f from 'f' */\nconst g = await import('g')\nimport type { H } from 'h'`
    expect(importsOf(source)).toEqual(['a', 'b', 'c', 'd', 'g', 'h'])
  })
})
