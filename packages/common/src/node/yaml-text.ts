// Values as YAML text, for people and for tools that read it.

import { stringify } from 'yaml'

/** Ends without a line break. */
export const yamlText = (value: unknown): string => stringify(value).trimEnd()
