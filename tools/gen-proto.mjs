// Makes the TypeScript types of the wire from proto/weir/v1; with --check fails when those in the tree are stale; with
// --pack lays the .proto files into packages/common, for the packed package to have them.
// Usage: node tools/gen-proto.mjs [--check | --pack]
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const protoDir = join(root, 'proto')
const target = join(root, 'packages/common/src/rpc/gen')

// Keep in step with LOADER_OPTIONS in packages/common/src/rpc/load-proto.ts.
const flags = [
  '--longs=String',
  '--enums=String',
  '--defaults',
  '--arrays',
  '--objects',
  '--oneofs',
  '--grpcLib=@grpc/grpc-js',
  '--importFileExtension=.ts',
  '--outputTemplate=%s__Output',
]

function generate(outDir) {
  const require = createRequire(join(root, 'packages/common/package.json'))
  const loader = dirname(require.resolve('@grpc/proto-loader/package.json'))
  const protos = readdirSync(join(protoDir, 'weir/v1'))
    .filter((name) => name.endsWith('.proto'))
    .sort()
    .map((name) => join(protoDir, 'weir/v1', name))
  const bin = join(loader, 'build/bin/proto-loader-gen-types.js')
  execFileSync(process.execPath, [bin, ...flags, '-I', protoDir, '-O', outDir, ...protos], {
    stdio: 'inherit',
  })
  for (const [name, text] of contents(outDir))
    writeFileSync(join(outDir, name), text.replaceAll(`${root}/`, ''))
}

/** Relative path → content of every file below a directory. */
function contents(directory) {
  const found = new Map()
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    found.set(path.slice(directory.length + 1), readFileSync(path, 'utf8'))
  }
  return found
}

if (process.argv.includes('--pack')) {
  cpSync(protoDir, join(root, 'packages/common/proto'), { recursive: true })
} else if (process.argv.includes('--check')) {
  const fresh = mkdtempSync(join(tmpdir(), 'weir-proto-'))
  try {
    generate(fresh)
    const want = contents(fresh)
    const have = contents(target)
    const names = new Set([...want.keys(), ...have.keys()])
    const stale = [...names].filter((name) => want.get(name) !== have.get(name)).sort()
    if (stale.length > 0) {
      console.error(
        `generated wire types are stale: ${stale.join(', ')}\nrun: node tools/gen-proto.mjs`,
      )
      process.exitCode = 1
    } else {
      console.log(`generated wire types are fresh (${want.size} files)`)
    }
  } finally {
    rmSync(fresh, { recursive: true })
  }
} else {
  rmSync(target, { recursive: true, force: true })
  generate(target)
}
