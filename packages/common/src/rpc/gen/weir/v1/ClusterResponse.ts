// Original file: proto/weir/v1/job.proto

import type { Long } from '@grpc/proto-loader';

export interface ClusterResponse {
  'coordinatorId'?: (string);
  'version'?: (string);
  'pid'?: (number);
  'startedAtMs'?: (number | string);
  'workers'?: (number | string | Long);
  'slots'?: (number | string | Long);
  'freeSlots'?: (number | string | Long);
  'jobs'?: ({[key: string]: number | string | Long});
  'checkpointDirectory'?: (string);
  'restAddress'?: (string);
  'notLeading'?: (string);
}

export interface ClusterResponse__Output {
  'coordinatorId': (string);
  'version': (string);
  'pid': (number);
  'startedAtMs': (number);
  'workers': (string);
  'slots': (string);
  'freeSlots': (string);
  'jobs': ({[key: string]: string});
  'checkpointDirectory': (string);
  'restAddress': (string);
  'notLeading': (string);
}
