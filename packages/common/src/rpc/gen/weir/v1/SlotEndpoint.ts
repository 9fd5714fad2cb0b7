// Original file: proto/weir/v1/plan.proto


export interface SlotEndpoint {
  'workerId'?: (string);
  'slot'?: (number);
  'dataAddress'?: (string);
}

export interface SlotEndpoint__Output {
  'workerId': (string);
  'slot': (number);
  'dataAddress': (string);
}
