// Codes by which a task declines a checkpoint without fault of its own. Both sides take them from here: the task says
// them, and the coordinator does not count them against the job.

/** The task is not (or no more) able to take part: it is starting, closing, canceled, or not here. */
export const CODE_TASK_NOT_RUNNING = 'checkpoint/task-not-running'
/** A barrier of a newer checkpoint came before the last one of this. */
export const CODE_SUPERSEDED = 'checkpoint/superseded'
