// What a process that runs as root opens to a group of another user: the owner stays, and everybody else stays out.

import { constants } from 'node:fs'
import { open } from 'node:fs/promises'

/** Pass through, and see no names. */
const PASS_MODE = 0o710
const { O_RDONLY, O_NOFOLLOW } = constants

/** Gives a file or a directory to a group, with this mode. Never what a link leads to: that is `ELOOP`. */
export async function giveToGroup(path: string, group: number, mode: number): Promise<void> {
  const handle = await open(path, O_RDONLY | O_NOFOLLOW)
  try {
    await handle.chown((await handle.stat()).uid, group)
    await handle.chmod(mode)
  } finally {
    await handle.close()
  }
}

export const letPass = (directory: string, group: number): Promise<void> =>
  giveToGroup(directory, group, PASS_MODE)
