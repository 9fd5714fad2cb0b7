// Original file: proto/weir/v1/job.proto

import type { Long } from '@grpc/proto-loader';

export interface WatchProgress {
  'recordsIn'?: (number | string | Long);
  'recordsOut'?: (number | string | Long);
  'doneRatio'?: (number | string);
  '_doneRatio'?: "doneRatio";
}

export interface WatchProgress__Output {
  'recordsIn': (string);
  'recordsOut': (string);
  'doneRatio'?: (number);
  '_doneRatio'?: "doneRatio";
}
