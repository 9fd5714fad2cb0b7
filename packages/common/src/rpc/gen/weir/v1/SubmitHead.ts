// Original file: proto/weir/v1/job.proto

import type { Document as _weir_v1_Document, Document__Output as _weir_v1_Document__Output } from '../../weir/v1/Document.ts';
import type { Long } from '@grpc/proto-loader';

export interface SubmitHead {
  'graph'?: (_weir_v1_Document | null);
  'settings'?: (_weir_v1_Document | null);
  'args'?: (_weir_v1_Document | null);
  'bundleHash'?: (string);
  'bundleBytes'?: (number | string | Long);
  'submittedAtMs'?: (number | string);
  'restoreFrom'?: (string);
  'allowNonRestoredState'?: (boolean);
  'submissionId'?: (string);
  '_restoreFrom'?: "restoreFrom";
}

export interface SubmitHead__Output {
  'graph': (_weir_v1_Document__Output | null);
  'settings': (_weir_v1_Document__Output | null);
  'args': (_weir_v1_Document__Output | null);
  'bundleHash': (string);
  'bundleBytes': (string);
  'submittedAtMs': (number);
  'restoreFrom'?: (string);
  'allowNonRestoredState': (boolean);
  'submissionId': (string);
  '_restoreFrom'?: "restoreFrom";
}
