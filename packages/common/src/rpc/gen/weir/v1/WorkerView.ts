// Original file: proto/weir/v1/job.proto

import type { Long } from '@grpc/proto-loader';

export interface WorkerView {
  'workerId'?: (string);
  'address'?: (string);
  'pid'?: (number);
  'slots'?: (number | string | Long);
  'freeSlots'?: (number | string | Long);
  'lastHeartbeatAgeMs'?: (number | string);
  'rssBytes'?: (number | string | Long);
  'draining'?: (boolean);
}

export interface WorkerView__Output {
  'workerId': (string);
  'address': (string);
  'pid': (number);
  'slots': (string);
  'freeSlots': (string);
  'lastHeartbeatAgeMs': (number);
  'rssBytes': (string);
  'draining': (boolean);
}
