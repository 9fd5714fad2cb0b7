// Test tools for the authors of jobs.

export { harness, type Harness } from '@weirjs/testing/harness'
export { LocalCluster, type LocalClusterOptions } from '@weirjs/testing/local-cluster'
