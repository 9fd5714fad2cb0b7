// Original file: proto/weir/v1/types.proto


export interface TaskId {
  'vertexId'?: (string);
  'subtask'?: (number);
}

export interface TaskId__Output {
  'vertexId': (string);
  'subtask': (number);
}
