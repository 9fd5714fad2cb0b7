// The page's files, read once and served as they are: nothing is filled in, so nothing can be smuggled in. They lie in
// `page/` of this package, beside the compiled code.

import { readFile } from 'node:fs/promises'

const DIRECTORY = new URL('../../page/', import.meta.url)

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
}

const NAMES = [
  'index.html',
  'sign-in.html',
  'page.css',
  'icon.svg',
  'main.js',
  'dom.js',
  'format.js',
  'graph.js',
  'checkpoints.js',
  'views.js',
] as const

export type PageFileName = (typeof NAMES)[number]

export interface PageFile {
  readonly name: PageFileName
  readonly type: string
  readonly body: Buffer
}

export async function readPageFiles(): Promise<ReadonlyMap<PageFileName, PageFile>> {
  const files = await Promise.all(
    NAMES.map(async (name): Promise<PageFile> => {
      const type = TYPES[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream'
      return { name, type, body: await readFile(new URL(name, DIRECTORY)) }
    }),
  )
  return new Map(files.map((file) => [file.name, file]))
}
