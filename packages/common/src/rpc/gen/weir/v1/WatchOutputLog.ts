// Original file: proto/weir/v1/job.proto

import type { Long } from '@grpc/proto-loader';

export interface WatchOutputLog {
  'epoch'?: (number | string | Long);
}

export interface WatchOutputLog__Output {
  'epoch': (string);
}
