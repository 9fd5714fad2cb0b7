// Which command a command line is, before anything is loaded that could parse it: its first word that is neither an option
// nor what an option is given. deploy/docker/entry.sh does the same.

/** Options of every command that take a word, in all their spellings. */
export const OPTIONS_WITH_WORD: readonly string[] = [
  '--cluster',
  '--token-file',
  '--tls-dir',
  '-o',
  '--format',
]

export function commandWord(argv: readonly string[]): string | undefined {
  return argv.find(
    (word, i) => !word.startsWith('-') && !OPTIONS_WITH_WORD.includes(argv[i - 1] ?? ''),
  )
}
