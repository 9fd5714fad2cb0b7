// Original file: proto/weir/v1/types.proto

import type { Long } from '@grpc/proto-loader';

export interface Fence {
  'jobId'?: (string);
  'epoch'?: (number | string | Long);
  'attempt'?: (number | string | Long);
}

export interface Fence__Output {
  'jobId': (string);
  'epoch': (string);
  'attempt': (string);
}
