import { describeSink } from '@weirjs/api/contracts/sink.contract'
import { describeSource } from '@weirjs/api/contracts/source.contract'
import { int, text } from '@weirjs/api/types'
import { collected } from './collected.ts'
import { fromItems } from './from-items.ts'

const words = Array.from({ length: 53 }, (_, i) => `word ${i % 17}`)

describeSource('items in memory', () => ({ source: fromItems(text(), words), expected: words }))
describeSource('no items at all', () => ({ source: fromItems(text(), []), expected: [] }))
describeSink('collected in memory', () => {
  const sink = collected(int())
  return { sink, record: (n: number) => n, visible: async () => sink.items }
})
