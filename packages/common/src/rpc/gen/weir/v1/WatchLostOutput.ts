// Original file: proto/weir/v1/job.proto

import type { Long } from '@grpc/proto-loader';

export interface WatchLostOutput {
  'lines'?: (number | string | Long);
}

export interface WatchLostOutput__Output {
  'lines': (string);
}
