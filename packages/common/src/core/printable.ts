// Text that people are shown. Control characters move a terminal's cursor, clear its screen and change its title: no name has
// any, and what comes from elsewhere is shown with escapes in their places.

/** Controls, and what ends a line besides. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}]/u
const EACH = new RegExp(UNPRINTABLE, 'gu')

export const isPrintable = (text: string): boolean => !UNPRINTABLE.test(text)

/** One line, with the escapes of JSON. */
export function printable(text: string): string {
  return text.replaceAll(EACH, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** The lines stay lines, and tabs stay. */
export function printableLines(text: string): readonly string[] {
  return text.split(/\r?\n/).map((line) => line.split('\t').map(printable).join('\t'))
}
