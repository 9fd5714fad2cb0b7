// Original file: proto/weir/v1/job.proto


export interface JobDefault {
  'key'?: (string);
  'text'?: (string);
  'origin'?: (string);
}

export interface JobDefault__Output {
  'key': (string);
  'text': (string);
  'origin': (string);
}
