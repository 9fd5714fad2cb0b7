// A whole cluster in the test's own process: the real JobManager and TaskManagers, with slots on the test's event loop.
// TaskManagers and the JobManager can be killed as processes can.

export { LocalCluster, type LocalClusterOptions } from '@weirjs/local/local-cluster'
