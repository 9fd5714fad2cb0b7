// Original file: proto/weir/v1/job.proto

import type { Long } from '@grpc/proto-loader';

export interface TaskView {
  'vertexId'?: (string);
  'subtask'?: (number);
  'name'?: (string);
  'state'?: (string);
  'worker'?: (string);
  'attempt'?: (number | string | Long);
  'busyRatio'?: (number | string);
  'idleRatio'?: (number | string);
  'backPressuredRatio'?: (number | string);
  'recordsIn'?: (number | string | Long);
  'recordsOut'?: (number | string | Long);
  'watermark'?: (number | string | Long);
  '_worker'?: "worker";
}

export interface TaskView__Output {
  'vertexId': (string);
  'subtask': (number);
  'name': (string);
  'state': (string);
  'worker'?: (string);
  'attempt': (string);
  'busyRatio': (number);
  'idleRatio': (number);
  'backPressuredRatio': (number);
  'recordsIn': (string);
  'recordsOut': (string);
  'watermark': (string);
  '_worker'?: "worker";
}
