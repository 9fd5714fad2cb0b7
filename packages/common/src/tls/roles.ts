// What a certificate allows its holder to be: one URI among its alternative names. Exactly one: a certificate with two
// roles would be two certificates for whoever steals it, so it counts as none.

import type { X509Certificate } from 'node:crypto'

export const ROLES = ['jobmanager', 'taskmanager', 'client'] as const
export type Role = (typeof ROLES)[number]

const PREFIX = 'weir://role/'

export const roleUri = (role: Role): string => `${PREFIX}${role}`

/** null: it has none, more than one, or one that is not known. */
export function roleOf({ subjectAltName }: Pick<X509Certificate, 'subjectAltName'>): Role | null {
  const claimed = namesOf(subjectAltName ?? '')
    .filter((name) => name.startsWith(`URI:${PREFIX}`))
    .map((name) => name.slice('URI:'.length + PREFIX.length))
  const [role] = claimed
  if (claimed.length !== 1 || role === undefined) return null
  return ROLES.find((known) => known === role) ?? null
}

/** Kind and name, as far as commas; one that holds a comma itself comes in quotes from node, and is one name all the same. */
const NAME = /([A-Za-z][A-Za-z ]{0,30}:(?:"(?:[^"\\]|\\.)*"|[^,"]*))(?:, |$)/y

/** `DNS:host`, `IP Address:10.0.0.1`, `URI:weir://…`. Text that is not understood to its end holds no names. */
export function namesOf(subjectAltName: string): readonly string[] {
  const names: string[] = []
  NAME.lastIndex = 0
  while (NAME.lastIndex < subjectAltName.length) {
    const found = NAME.exec(subjectAltName)
    if (found?.[1] === undefined) return []
    names.push(found[1])
  }
  return names
}
