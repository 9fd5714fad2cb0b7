import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { secretOf, secretVariable } from '../core/secrets.ts'
import { heldSecrets, SECRET_BYTES_MAX, SECRETS_HELD_MAX } from './secrets.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'weir-secrets-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const file = (name: string, text: string): string => {
  const path = join(directory, name)
  writeFileSync(path, text)
  return path
}

describe('heldSecrets', () => {
  it('has what variables carry, and what the files hold that variables name', () => {
    const path = file('mounted', 'from a file\n')
    const held = heldSecrets({
      env: { WEIR_SECRET_DB_PASSWORD: 'plain', WEIR_SECRET_API_KEY_FILE: path, HOME: '/root' },
      directory: null,
    })
    expect(secretOf(held, 'db-password')).toBe('plain')
    expect(secretOf(held, 'db.password')).toBe('plain')
    expect(secretOf(held, 'apiKey')).toBeUndefined()
    expect(secretOf(held, 'api-key')).toBe('from a file')
    expect(secretVariable('api-key')).toBe('WEIR_SECRET_API_KEY')
  })

  it('has what lies in a directory as Kubernetes mounts it', () => {
    mkdirSync(join(directory, '..2026'))
    writeFileSync(join(directory, '..2026', 'db_password'), 'two\nlines\n')
    symlinkSync('..2026', join(directory, '..data'))
    symlinkSync(join('..data', 'db_password'), join(directory, 'db_password'))
    const held = heldSecrets({ env: {}, directory })
    expect(held.files).toEqual({ db_password: 'two\nlines' })
    expect(secretOf(held, 'db_password')).toBe('two\nlines')
    expect(secretOf(held, 'toString')).toBeUndefined()
  })

  it('does not have the token of the cluster, whatever it is called there', () => {
    const token = file('cluster_token', 'f00d')
    symlinkSync(token, join(directory, 'alias'))
    file('other', 'x')
    const hidden = [token, join(directory, 'missing')]
    expect(heldSecrets({ env: {}, directory, hidden }).files).toEqual({ other: 'x' })
  })

  it('says what is wrong with one to whoever asks for it, and to nobody else', () => {
    file('empty', '\n')
    file('large', 'x'.repeat(SECRET_BYTES_MAX + 1))
    mkdirSync(join(directory, 'folder'))
    file('good', 'value')
    const missing = join(directory, 'missing')
    const env = {
      WEIR_SECRET_A_FILE: missing,
      WEIR_SECRET_B: '1',
      WEIR_SECRET_B_FILE: join(directory, 'good'),
      WEIR_SECRET_C: '',
    }
    const held = heldSecrets({ env, directory })
    expect(secretOf(held, 'good')).toBe('value')
    const problem = (name: string) => () => secretOf(held, name)
    expect(problem('a')).toThrow(`${missing} of WEIR_SECRET_A_FILE cannot be read (ENOENT)`)
    expect(problem('b')).toThrow('WEIR_SECRET_B and WEIR_SECRET_B_FILE are both set')
    expect(problem('c')).toThrow('WEIR_SECRET_C is empty')
    expect(problem('empty')).toThrow('is empty')
    expect(problem('large')).toThrow('more than 65536 bytes')
    expect(problem('folder')).toThrow('it is no file')
    expect(secretOf(held, 'unheard-of')).toBeUndefined()
  })

  it('says that the directory is not there, or holds too much, to whoever finds nothing', () => {
    const missing = join(directory, 'missing')
    const held = heldSecrets({ env: { WEIR_SECRET_A: '1' }, directory: missing })
    expect(secretOf(held, 'a')).toBe('1')
    expect(() => secretOf(held, 'b')).toThrow(`taskmanager.secrets.directory is ${missing}`)
    const many = Array.from({ length: SECRETS_HELD_MAX + 1 }, (_, i) => [`WEIR_SECRET_X${i}`, 'x'])
    const full = heldSecrets({ env: Object.fromEntries(many), directory: null })
    expect(secretOf(full, 'x0')).toBe('x')
    expect(() => secretOf(full, `x${SECRETS_HELD_MAX}`)).toThrow(`more than ${SECRETS_HELD_MAX}`)
  })

  it('refuses a secret that is there twice', () => {
    file('token', 'a')
    const held = heldSecrets({ env: { WEIR_SECRET_TOKEN: 'b' }, directory })
    expect(() => secretOf(held, 'token')).toThrow('the secret "token" is there twice')
  })
})
