// Runs before a package is packed: only pnpm may do that. npm would leave `workspace:*` and `catalog:` in the manifest, and the
// conditions of this repository in `exports`: a package that nobody can install.
// Usage: node tools/prepack.mjs, as the script `prepack` of every package
const agent = process.env.npm_config_user_agent ?? ''
if (!agent.startsWith('pnpm/')) {
  const packer = agent.split('/', 1)[0] || 'whoever packs here'
  console.error(
    `weir: ${packer} cannot pack this package: its manifest would keep versions like workspace:*\n` +
      'use: pnpm pack (or pnpm publish), with the pnpm in .toolchain/node_modules/.bin',
  )
  process.exitCode = 1
}
