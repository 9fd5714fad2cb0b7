// Every read endpoint, once: what is served, documented and tested.

import type { RestRoute } from './route.ts'
import { checkpointRoutes } from './routes/checkpoints.ts'
import { clusterRoutes } from './routes/cluster.ts'
import { jobRoutes } from './routes/jobs.ts'

export const REST_ROUTES: readonly RestRoute[] = [
  ...clusterRoutes,
  ...jobRoutes,
  ...checkpointRoutes,
]
