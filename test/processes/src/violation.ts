// What a judge of a run with kills says.

/**
 * visible: what readers had seen changed. ledger: a record lost, doubled or broken. counts: keyed state is wrong. alerts:
 * the checker in the job spoke. job: it did not finish, or went backwards. staging: unpublished files were left.
 * processes: one ended by itself, or did not end when told to. logs: they spoke
 * of something that kills do not explain. vacuity: the run proved too little.
 * growth: files or memory grew all the time. references: a checkpoint that its job's log retains is not whole.
 */
export interface Violation {
  readonly oracle:
    | 'visible'
    | 'ledger'
    | 'counts'
    | 'alerts'
    | 'job'
    | 'staging'
    | 'processes'
    | 'logs'
    | 'vacuity'
    | 'growth'
    | 'references'
  readonly message: string
}
