// How many cases a property is tried with: a few in every run of the tests, many when `npm run prove` asks for it
// (WEIR_PROVE=1). The seed of these is fixed unless WEIR_SEED says another, so that a failure can be had again. Properties
// that do not ask here draw a seed of their own: when one fails, fast-check prints its seed and path, which can be given
// to `fc.assert` as they are printed.

const PROVE: boolean = process.env['WEIR_PROVE'] === '1'

export const PROPERTY_SEED: number = Number(process.env['WEIR_SEED'] ?? 20_261_121)

/** Cases: `quick` in every run, `many` in `npm run prove`. */
export const runs = (quick: number, many: number): number => (PROVE ? many : quick)

/** The same as options of `fc.assert`, with the seed. */
export const tries = (quick: number, many: number): { numRuns: number; seed: number } => ({
  numRuns: runs(quick, many),
  seed: PROPERTY_SEED,
})
