// Original file: proto/weir/v1/control.proto

import type { Long } from '@grpc/proto-loader';

export interface CheckpointStats {
  'syncMs'?: (number | string);
  'asyncMs'?: (number | string);
  'alignmentMs'?: (number | string);
  'startDelayMs'?: (number | string);
  'stallMsMax'?: (number | string);
  'stateBytes'?: (number | string | Long);
}

export interface CheckpointStats__Output {
  'syncMs': (number);
  'asyncMs': (number);
  'alignmentMs': (number);
  'startDelayMs': (number);
  'stallMsMax': (number);
  'stateBytes': (string);
}
