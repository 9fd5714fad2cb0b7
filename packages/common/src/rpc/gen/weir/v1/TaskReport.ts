// Original file: proto/weir/v1/control.proto

import type { Fence as _weir_v1_Fence, Fence__Output as _weir_v1_Fence__Output } from '../../weir/v1/Fence.ts';
import type { TaskId as _weir_v1_TaskId, TaskId__Output as _weir_v1_TaskId__Output } from '../../weir/v1/TaskId.ts';
import type { Long } from '@grpc/proto-loader';

export interface TaskReport {
  'fence'?: (_weir_v1_Fence | null);
  'task'?: (_weir_v1_TaskId | null);
  'progressTick'?: (number | string | Long);
  'busyRatio'?: (number | string);
  'idleRatio'?: (number | string);
  'backPressuredRatio'?: (number | string);
  'recordsIn'?: (number | string | Long);
  'recordsOut'?: (number | string | Long);
  'bytesIn'?: (number | string | Long);
  'bytesOut'?: (number | string | Long);
  'watermark'?: (number | string | Long);
  'workLeft'?: (number | string);
  '_workLeft'?: "workLeft";
}

export interface TaskReport__Output {
  'fence': (_weir_v1_Fence__Output | null);
  'task': (_weir_v1_TaskId__Output | null);
  'progressTick': (string);
  'busyRatio': (number);
  'idleRatio': (number);
  'backPressuredRatio': (number);
  'recordsIn': (string);
  'recordsOut': (string);
  'bytesIn': (string);
  'bytesOut': (string);
  'watermark': (string);
  'workLeft'?: (number);
  '_workLeft'?: "workLeft";
}
