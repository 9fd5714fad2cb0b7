// Original file: proto/weir/v1/job.proto

import type { Long } from '@grpc/proto-loader';

export interface WatchRestored {
  'checkpointId'?: (number | string | Long);
  'attempt'?: (number | string | Long);
}

export interface WatchRestored__Output {
  'checkpointId': (string);
  'attempt': (string);
}
