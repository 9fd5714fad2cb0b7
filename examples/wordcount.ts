// Counts the words in text files: `weir run examples/wordcount.ts --input README.md --output /tmp/words`.

import { int, job, keyedProcess, path, struct, text, value } from 'weirjs'
import { ndjsonFiles, textFiles } from 'weirjs/files'

const WordCount = struct('WordCount', { word: text(), count: int() })

const counts = keyedProcess({
  uid: 'counts',
  in: text(),
  out: WordCount,
  key: text(),
  state: { count: value(int(), { initial: 0 }) },
  each(_word, { state }) {
    state.count.set(state.count.get() + 1)
  },
  finishKey({ key, state, emit }) {
    emit({ word: key, count: state.count.get() })
  },
})

const args = {
  input: path({ help: 'A text file, a directory of them, or a pattern.' }),
  output: path({ help: 'The directory for the counts, as NDJSON.' }),
}

export default job('wordcount', { args }, (env, { input, output }) => {
  env
    .from(textFiles(input), { uid: 'lines' })
    .flatMap(text(), (line, emit) => {
      for (const word of line.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []) emit(word)
    })
    .keyBy((word) => word)
    .process(counts)
    .to(ndjsonFiles(output, WordCount), { uid: 'report' })
})
