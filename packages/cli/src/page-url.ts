// The address of the status page, as a person opens it: with the read key, which a browser turns into a cookie.

import { isWildcard } from '@weirjs/common/node/exposure'
import type { ClusterView } from '@weirjs/common/job-client'
import type { Session } from './cli.ts'

/** null: the JobManager serves none. `fragment`: a place on the page, for instance `/jobs/<id>`. */
export function pageUrl(
  session: Session,
  { restAddress }: ClusterView,
  fragment: string | null = null,
): string | null {
  const [, secure = '', bound, port] = /^(https:\/\/)?(.*):(\d+)$/.exec(restAddress ?? '') ?? []
  if (bound === undefined || port === undefined) return null
  // Bound on every address: it answers where the JobManager was found.
  const host = isWildcard(bound) ? session.address.replace(/:\d+$/, '') : bound
  const place = fragment === null ? '' : `#${fragment}`
  return `${secure || 'http://'}${host}:${port}/?token=${session.readKey}${place}`
}
