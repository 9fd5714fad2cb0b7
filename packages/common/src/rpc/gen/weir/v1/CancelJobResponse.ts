// Original file: proto/weir/v1/job.proto


export interface CancelJobResponse {
}

export interface CancelJobResponse__Output {
}
