// The committed output as a reader sees it: visible files only, what lies in hidden directories is staging.

import type { FileSystem } from '@weirjs/connectors/files/file-system'

/** Content by path. */
export async function readFiles(
  files: FileSystem,
  directory: string,
): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  if ((await files.facts(directory)) === null) return found
  const entries = await files.list(directory)
  for (const { name, kind } of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (name.startsWith('.')) continue
    const path = `${directory}/${name}`
    if (kind === 'directory') {
      for (const [inner, content] of await readFiles(files, path)) found.set(inner, content)
      continue
    }
    const file = await files.openRead(path)
    found.set(path, Buffer.from(await file.read(0, file.bytes)).toString('utf8'))
    await file.close()
  }
  return found
}

/** The lines of each file. */
export async function readFileLines(
  files: FileSystem,
  directories: readonly string[],
): Promise<readonly (readonly string[])[]> {
  const found: string[][] = []
  for (const directory of directories)
    for (const content of (await readFiles(files, directory)).values())
      found.push(content.split('\n').filter((line) => line !== ''))
  return found
}

/** All lines of all files, in no order that matters. */
export async function readLines(
  files: FileSystem,
  directories: readonly string[],
): Promise<readonly string[]> {
  return (await readFileLines(files, directories)).flat()
}
