// State files that somebody made to do harm, with checksums that fit: refused with a WeirError, soon.

import { crc32 } from 'node:zlib'
import { BlockWriter } from '@weirjs/common/codec/block'
import { attack, type Decoder, tell } from '@weirjs/common/codec/hostile.contract'
import { PROPERTY_SEED, runs } from '@weirjs/common/codec/runs.contract'
import { attempt, checkpointId, jobId, leaderEpoch, vertexId } from '@weirjs/common/core/ids'
import { expect, test } from 'vitest'
import { checkStateFile, encodeFooter, encodeHeader } from './state-file.ts'

const CASES = runs(6_000, 1_000_000)
const PATH = 'chk-7/v0-0-1-1.state'
const CRC_BYTES = 4
const LENGTH_AT = 9
const IDENTITY_AT = 13

function sampleFile(chunks: number): Uint8Array {
  const header = encodeHeader({
    fence: { jobId: jobId('a'.repeat(32)), epoch: leaderEpoch(1), attempt: attempt(1) },
    task: { vertexId: vertexId('v0'), subtask: 0 },
    checkpointId: checkpointId(7),
    path: PATH,
  })
  const parts = Array.from({ length: chunks }, (_, i) => {
    const writer = new BlockWriter()
    writer.sink.text(`text ${i}`)
    writer.sink.varint(i)
    return writer.take()
  })
  const before = Buffer.concat([header, ...parts])
  return Buffer.concat([before, encodeFooter(chunks, before.length)])
}

/** The checksum of the header fits whatever its identity has become. */
function fittingHeader(bytes: Uint8Array): Uint8Array {
  if (bytes.length < IDENTITY_AT + CRC_BYTES) return bytes
  const file = Buffer.from(new Uint8Array(bytes).buffer)
  const crcAt = IDENTITY_AT + file.readUInt32LE(LENGTH_AT)
  if (crcAt + CRC_BYTES <= file.length) file.writeUInt32LE(crc32(file.subarray(0, crcAt)), crcAt)
  return file
}

const file: Decoder = {
  name: 'state file',
  samples: [0, 1, 3, 10].map(sampleFile),
  read: (bytes) => {
    checkStateFile({ path: PATH, bytes: bytes.length, sha256: '' }, bytes)
    return null
  },
}
const decoders: readonly Decoder[] = [
  file,
  { ...file, name: 'state file with a checksum that fits', disguise: fittingHeader },
]

test.each(decoders.map((decoder) => [decoder.name, decoder] as const))(
  'hostile bytes are refused: %s',
  (_name, decoder) => {
    const report = attack(decoder, CASES, PROPERTY_SEED)
    if (CASES >= 100_000) console.log(tell(report))
    expect(report.refused).toBeGreaterThan(CASES / 2)
  },
  600_000,
)
