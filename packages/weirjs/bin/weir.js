#!/usr/bin/env node
// The command `weir` of the installed package: tells the CLI where this runtime's modules are, and runs it.
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

process.env['WEIR_RUNTIME_ROOT'] ??= dirname(dirname(fileURLToPath(import.meta.url)))
await import('@weirjs/cli/main')
