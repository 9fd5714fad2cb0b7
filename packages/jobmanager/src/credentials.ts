// What slots of one attempt show each other on the data plane: the same for every call with the same fence, and nothing
// that somebody could make up who does not know the secret.

import { createHmac } from 'node:crypto'
import type { Fence } from '@weirjs/common/core/ids'

export function credentials(secret: string): (fence: Fence) => string {
  return ({ jobId, epoch, attempt }) =>
    createHmac('sha256', secret).update(`${jobId}/${epoch}/${attempt}`).digest('hex')
}
