import { defineConfig } from 'vitest/config'

// Workspace packages are run from source: their `exports` answer the condition "source" with the .ts file.
const conditions = ['source', 'node', 'import', 'module', 'default']

const ATTACKS = ['test/cluster/hostile-*.test.ts', 'test/cluster/hostile/*.test.ts']

const project = (name: string, include: string[], more: object = {}) => ({
  extends: true as const,
  test: { name, include, ...more },
})

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    environment: 'node',
    exclude: ['**/node_modules/**', '**/dist/**', '.toolchain/**'],
    retry: 0,
    // Time-outs only end what hangs; on a busy machine everything takes longer.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 50_000 } },
    maxWorkers: 2,
    projects: [
      project(
        'unit',
        [
          'packages/*/src/**/*.test.ts',
          'bench/src/**/*.test.ts',
          'tools/**/*.test.ts',
          // Of the judges of real processes; they start none.
          'test/{processes,faults,chaos}/src/**/*.test.ts',
        ],
        {
          exclude: [
            '**/node_modules/**',
            '**/dist/**',
            '**/*.contract.test.ts',
            '**/*.scenario.test.ts',
          ],
        },
      ),
      project('contract', ['packages/*/src/**/*.contract.test.ts']),
      project('scenario', ['packages/*/src/**/*.scenario.test.ts']),
      project('conformance', ['test/conformance/**/*.test.ts']),
      project('simulation', ['test/simulation/**/*.test.ts'], { testTimeout: 120_000 }),
      project('cluster', ['test/cluster/**/*.test.ts'], {
        testTimeout: 300_000,
        fileParallelism: false,
        exclude: ['**/node_modules/**', ...ATTACKS],
      }),
      // Minutes of hostile bytes: a part of `npm run test:bad-input`, not of `npm test`.
      project('attack', ATTACKS, { testTimeout: 120_000, fileParallelism: false }),
    ],
  },
})
