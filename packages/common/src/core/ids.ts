// Every id is branded, so that a subtask index can never be passed where an attempt is meant. Ids are made here
// and nowhere else. What a party must prove to be heard is a Fence: job, leader epoch, attempt (decision D4).

declare const brand: unique symbol
export type Brand<T, Name extends string> = T & { readonly [brand]: Name }

/** 32 lower-case hex digits. */
export type JobId = Brand<string, 'JobId'>
/** Name of one TaskManager process life; a restarted process has another. */
export type WorkerId = Brand<string, 'WorkerId'>
/** Vertex of the physical plan: `v0`, `v1`, … in topological order. */
export type VertexId = Brand<string, 'VertexId'>
/** Edge of the physical plan: `e0`, `e1`, … */
export type EdgeId = Brand<string, 'EdgeId'>
/** The identity that an operator keeps over upgrades; state is found by it. */
export type OperatorUid = Brand<string, 'OperatorUid'>
/** ≥ 1; strictly increasing within a job, over all epochs. */
export type CheckpointId = Brand<number, 'CheckpointId'>
/** ≥ 1; raised by each JobManager that takes over the job. */
export type LeaderEpoch = Brand<number, 'LeaderEpoch'>
/** ≥ 1; raised by each restart of any region of the job, never reused. */
export type Attempt = Brand<number, 'Attempt'>
/** 64 lower-case hex digits: SHA-256 of a job bundle. */
export type BundleHash = Brand<string, 'BundleHash'>

export const jobId = (text: string): JobId => text as JobId
export const workerId = (text: string): WorkerId => text as WorkerId
export const vertexId = (text: string): VertexId => text as VertexId
export const edgeId = (text: string): EdgeId => text as EdgeId
export const operatorUid = (text: string): OperatorUid => text as OperatorUid
export const checkpointId = (n: number): CheckpointId => n as CheckpointId
export const leaderEpoch = (n: number): LeaderEpoch => n as LeaderEpoch
export const attempt = (n: number): Attempt => n as Attempt
export const bundleHash = (text: string): BundleHash => text as BundleHash

/** Who speaks: carried by every call, data channel and staging name. Strangers are dropped and counted. */
export interface Fence {
  readonly jobId: JobId
  readonly epoch: LeaderEpoch
  readonly attempt: Attempt
}

/** One parallel instance of a vertex. `subtask` is 0 … parallelism - 1. */
export interface TaskId {
  readonly vertexId: VertexId
  readonly subtask: number
}

/** One slot of one worker. `index` is 0 … slots - 1. */
export interface SlotRef {
  readonly workerId: WorkerId
  readonly index: number
}

export const taskKey = (task: TaskId): string => `${task.vertexId}/${task.subtask}`
export const slotKey = (slot: SlotRef): string => `${slot.workerId}/${slot.index}`
export const sameFence = (a: Fence, b: Fence): boolean =>
  a.jobId === b.jobId && a.epoch === b.epoch && a.attempt === b.attempt
