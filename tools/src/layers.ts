// Who may import whom, as one table, and the function that holds a file against it. The compiler and pnpm's strict
// linking catch most of it too; this names the rule that was broken. See ARCHITECTURE.md, "Who may import whom".

export interface LayerRule {
  /** Files that the rule is about: a path prefix from the repository's root. The longest prefix wins. */
  readonly files: string
  /** Allowed imports of other rooms, as prefixes. Relative imports inside the same package are checked apart. */
  readonly imports: readonly string[]
  /** External packages allowed besides `node:`. */
  readonly external: readonly string[]
  readonly node: boolean
}

const COMMON_CORE = '@weirjs/common/core/'

export const LAYERS: readonly LayerRule[] = [
  { files: 'packages/common/src/core/', imports: [], external: [], node: false },
  { files: 'packages/common/src/codec/', imports: [], external: ['msgpackr'], node: true },
  {
    files: 'packages/common/src/node/',
    imports: [],
    external: ['pino', 'zod', 'yaml'],
    node: true,
  },
  {
    files: 'packages/common/src/rpc/',
    imports: [],
    external: ['@grpc/grpc-js', '@grpc/proto-loader'],
    node: true,
  },
  { files: 'packages/common/src/', imports: [], external: [], node: true },
  {
    files: 'packages/api/src/',
    imports: ['@weirjs/common/core/', '@weirjs/common/codec/'],
    external: [],
    node: true,
  },
  {
    files: 'packages/connectors/src/',
    imports: ['@weirjs/api/', '@weirjs/common/'],
    external: ['hyparquet', 'hyparquet-compressors'],
    node: true,
  },
  { files: 'packages/jobmanager/src/core/', imports: [COMMON_CORE], external: [], node: false },
  {
    files: 'packages/jobmanager/src/',
    imports: ['@weirjs/common/'],
    external: ['level', 'fastify', 'zod'],
    node: true,
  },
  {
    files: 'packages/taskmanager/src/core/',
    imports: [COMMON_CORE, '@weirjs/api/'],
    external: [],
    node: false,
  },
  {
    files: 'packages/taskmanager/src/',
    imports: ['@weirjs/common/', '@weirjs/api/'],
    external: ['level', 'classic-level'],
    node: true,
  },
  {
    files: 'packages/local/src/',
    imports: ['@weirjs/common/', '@weirjs/jobmanager/', '@weirjs/taskmanager/', '@weirjs/api/'],
    external: [],
    node: true,
  },
  {
    files: 'packages/cli/src/',
    imports: [
      '@weirjs/api/',
      '@weirjs/common/',
      '@weirjs/local/',
      '@weirjs/jobmanager/main',
      '@weirjs/taskmanager/main',
    ],
    external: ['commander', 'rolldown', 'zod'],
    node: true,
  },
  {
    files: 'packages/testing/src/',
    imports: [
      '@weirjs/api/',
      '@weirjs/connectors/',
      '@weirjs/local/',
      '@weirjs/taskmanager/',
      '@weirjs/common/',
    ],
    external: ['vitest', 'fast-check'],
    node: true,
  },
  {
    files: 'packages/weirjs/src/',
    imports: ['@weirjs/api/', '@weirjs/connectors/', '@weirjs/testing/', '@weirjs/cli/'],
    external: [],
    node: false,
  },
]

const IMPORT =
  /(?:^|[\s;])(?:import|export)\s[^'"`;]*?from\s*['"]([^'"]+)['"]|(?:^|[^\w.])import\s*\(?\s*['"]([^'"]+)['"]/g

/** Module names that a TypeScript source imports, type-only imports included. Comments are not looked into. */
export function importsOf(source: string): readonly string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
  return [...code.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? '')
}

/** Broken layer rules in one file, each as a sentence; empty when all is well or no rule speaks of the file. */
export function layerViolations(path: string, source: string): readonly string[] {
  if (path.endsWith('.test.ts') || path.endsWith('.contract.ts')) return []
  const rule = LAYERS.filter((layer) => path.startsWith(layer.files)).sort(
    (a, b) => b.files.length - a.files.length,
  )[0]
  if (rule === undefined) return []
  return importsOf(source).flatMap((name) => {
    const why = forbidden(rule, path, name)
    return why === null ? [] : [`${path} imports ${name}: ${why}`]
  })
}

function forbidden(rule: LayerRule, path: string, name: string): string | null {
  if (name.startsWith('.')) return forbiddenRelative(path, name)
  if (name.startsWith('node:')) return rule.node ? null : `${rule.files} is pure`
  if (name.startsWith('@weirjs/') || name === 'weirjs') {
    return rule.imports.some((prefix) => name.startsWith(prefix))
      ? null
      : `${rule.files} may import ${rule.imports.join(', ') || 'no other package of ours'}`
  }
  const known = rule.external.some(
    (external) => name === external || name.startsWith(`${external}/`),
  )
  return known ? null : `${rule.files} may use ${rule.external.join(', ') || 'no external package'}`
}

/** A relative import may not leave the package, and `core/` may not reach out of `core/`. */
function forbiddenRelative(path: string, name: string): string | null {
  const target = new URL(name, `file:///${path}`).pathname.slice(1)
  const root = path.split('/').slice(0, 3).join('/')
  if (!target.startsWith(`${root}/`)) return 'a relative import stays inside its package'
  if (path.startsWith(`${root}/core/`) && !target.startsWith(`${root}/core/`))
    return 'core/ imports only core/'
  return null
}
