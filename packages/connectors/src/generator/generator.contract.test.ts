import { describeSource } from '@weirjs/api/contracts/source.contract'
import { int } from '@weirjs/api/types'
import { generator } from './generator.ts'

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n * 3)
const make = (n: number): number => n * 3

describeSource('generator', () => ({
  source: generator({ make, count: 2_345, type: int() }),
  expected: numbers(2_345),
}))
describeSource('generator of few', () => ({
  source: generator({ make, count: 2 }),
  expected: numbers(2),
}))
describeSource('generator with a rate', () => ({
  source: generator({ make, count: 40, perSecond: 4_000 }),
  expected: numbers(40),
}))
