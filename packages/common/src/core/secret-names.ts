// What is named like a secret, among settings and arguments of jobs: nobody may read it in an output, and no job takes it,
// because it would stand in the job's log. A path to a secret's file is none.

export const SECRET_MASK = '******'

const SECRET_NAME =
  /(?:^|[._-])(?:passwords?|passwd|passphrase|secrets?|tokens?|credentials?|(?:api|access|private|secret)[._-]?keys?)$/i
/** `dbPassword` as `db-Password`, `DBPassword` as `DB-Password`. */
const HUMP = /([a-z0-9])(?=[A-Z])|([A-Z])(?=[A-Z][a-z])/g

/** True for `user.db.password` or `user.apiKey`; false for `security.token-file`. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name.replaceAll(HUMP, '$&-'))
}

/** The value as it may be shown. */
export function shownValue<T>(name: string, value: T): T | typeof SECRET_MASK {
  return isSecretName(name) ? SECRET_MASK : value
}

/** `key=value`, or any other word of a command line, as it may be shown. */
export function shownDefine(word: string): string {
  const at = word.indexOf('=')
  return at > 0 && isSecretName(word.slice(0, at)) ? `${word.slice(0, at)}=${SECRET_MASK}` : word
}

/** The members as they may be shown. */
export function shownValues<T>(
  values: Readonly<Record<string, T>>,
): Readonly<Record<string, T | typeof SECRET_MASK>> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, shownValue(name, value)]),
  )
}
