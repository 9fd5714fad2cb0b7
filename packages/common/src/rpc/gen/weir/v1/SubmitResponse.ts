// Original file: proto/weir/v1/job.proto


export interface SubmitResponse {
  'jobId'?: (string);
}

export interface SubmitResponse__Output {
  'jobId': (string);
}
