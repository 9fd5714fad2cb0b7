// The file of a cluster's token, made by whoever comes first to a data directory; everybody else reads it.

import { WeirError } from '../core/errors.ts'
import { makeToken } from '../rpc/token.ts'
import { createOnce } from './once-file.ts'

const TOKEN_MODE = 0o600

/** Answers `path`. Error: `config/data-directory`. */
export async function makeTokenOnce(path: string): Promise<string> {
  try {
    await createOnce({ path, text: `${makeToken()}\n`, mode: TOKEN_MODE })
    return path
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new WeirError(
      'config/data-directory',
      `the cluster's token ${path} cannot be made: ${why}`,
      {
        domain: 'user',
        cause,
        hint: 'Choose a writable directory with data.dir.',
      },
    )
  }
}
