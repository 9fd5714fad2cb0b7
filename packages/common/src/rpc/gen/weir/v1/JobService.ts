// Original file: proto/weir/v1/job.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { CancelJobRequest as _weir_v1_CancelJobRequest, CancelJobRequest__Output as _weir_v1_CancelJobRequest__Output } from '../../weir/v1/CancelJobRequest.ts';
import type { CancelJobResponse as _weir_v1_CancelJobResponse, CancelJobResponse__Output as _weir_v1_CancelJobResponse__Output } from '../../weir/v1/CancelJobResponse.ts';
import type { CheckpointsRequest as _weir_v1_CheckpointsRequest, CheckpointsRequest__Output as _weir_v1_CheckpointsRequest__Output } from '../../weir/v1/CheckpointsRequest.ts';
import type { CheckpointsResponse as _weir_v1_CheckpointsResponse, CheckpointsResponse__Output as _weir_v1_CheckpointsResponse__Output } from '../../weir/v1/CheckpointsResponse.ts';
import type { ClusterRequest as _weir_v1_ClusterRequest, ClusterRequest__Output as _weir_v1_ClusterRequest__Output } from '../../weir/v1/ClusterRequest.ts';
import type { ClusterResponse as _weir_v1_ClusterResponse, ClusterResponse__Output as _weir_v1_ClusterResponse__Output } from '../../weir/v1/ClusterResponse.ts';
import type { DescribeRequest as _weir_v1_DescribeRequest, DescribeRequest__Output as _weir_v1_DescribeRequest__Output } from '../../weir/v1/DescribeRequest.ts';
import type { DescribeResponse as _weir_v1_DescribeResponse, DescribeResponse__Output as _weir_v1_DescribeResponse__Output } from '../../weir/v1/DescribeResponse.ts';
import type { DrainWorkerRequest as _weir_v1_DrainWorkerRequest, DrainWorkerRequest__Output as _weir_v1_DrainWorkerRequest__Output } from '../../weir/v1/DrainWorkerRequest.ts';
import type { DrainWorkerResponse as _weir_v1_DrainWorkerResponse, DrainWorkerResponse__Output as _weir_v1_DrainWorkerResponse__Output } from '../../weir/v1/DrainWorkerResponse.ts';
import type { JobDefaultsRequest as _weir_v1_JobDefaultsRequest, JobDefaultsRequest__Output as _weir_v1_JobDefaultsRequest__Output } from '../../weir/v1/JobDefaultsRequest.ts';
import type { JobDefaultsResponse as _weir_v1_JobDefaultsResponse, JobDefaultsResponse__Output as _weir_v1_JobDefaultsResponse__Output } from '../../weir/v1/JobDefaultsResponse.ts';
import type { ListRequest as _weir_v1_ListRequest, ListRequest__Output as _weir_v1_ListRequest__Output } from '../../weir/v1/ListRequest.ts';
import type { ListResponse as _weir_v1_ListResponse, ListResponse__Output as _weir_v1_ListResponse__Output } from '../../weir/v1/ListResponse.ts';
import type { SubmitRequest as _weir_v1_SubmitRequest, SubmitRequest__Output as _weir_v1_SubmitRequest__Output } from '../../weir/v1/SubmitRequest.ts';
import type { SubmitResponse as _weir_v1_SubmitResponse, SubmitResponse__Output as _weir_v1_SubmitResponse__Output } from '../../weir/v1/SubmitResponse.ts';
import type { TriggerCheckpointRequest as _weir_v1_TriggerCheckpointRequest, TriggerCheckpointRequest__Output as _weir_v1_TriggerCheckpointRequest__Output } from '../../weir/v1/TriggerCheckpointRequest.ts';
import type { TriggerCheckpointResponse as _weir_v1_TriggerCheckpointResponse, TriggerCheckpointResponse__Output as _weir_v1_TriggerCheckpointResponse__Output } from '../../weir/v1/TriggerCheckpointResponse.ts';
import type { WatchRequest as _weir_v1_WatchRequest, WatchRequest__Output as _weir_v1_WatchRequest__Output } from '../../weir/v1/WatchRequest.ts';
import type { WatchResponse as _weir_v1_WatchResponse, WatchResponse__Output as _weir_v1_WatchResponse__Output } from '../../weir/v1/WatchResponse.ts';
import type { WorkersRequest as _weir_v1_WorkersRequest, WorkersRequest__Output as _weir_v1_WorkersRequest__Output } from '../../weir/v1/WorkersRequest.ts';
import type { WorkersResponse as _weir_v1_WorkersResponse, WorkersResponse__Output as _weir_v1_WorkersResponse__Output } from '../../weir/v1/WorkersResponse.ts';

export interface JobServiceClient extends grpc.Client {
  Cancel(argument: _weir_v1_CancelJobRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_CancelJobResponse__Output>): grpc.ClientUnaryCall;
  Cancel(argument: _weir_v1_CancelJobRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_CancelJobResponse__Output>): grpc.ClientUnaryCall;
  Cancel(argument: _weir_v1_CancelJobRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_CancelJobResponse__Output>): grpc.ClientUnaryCall;
  Cancel(argument: _weir_v1_CancelJobRequest, callback: grpc.requestCallback<_weir_v1_CancelJobResponse__Output>): grpc.ClientUnaryCall;
  cancel(argument: _weir_v1_CancelJobRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_CancelJobResponse__Output>): grpc.ClientUnaryCall;
  cancel(argument: _weir_v1_CancelJobRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_CancelJobResponse__Output>): grpc.ClientUnaryCall;
  cancel(argument: _weir_v1_CancelJobRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_CancelJobResponse__Output>): grpc.ClientUnaryCall;
  cancel(argument: _weir_v1_CancelJobRequest, callback: grpc.requestCallback<_weir_v1_CancelJobResponse__Output>): grpc.ClientUnaryCall;
  
  Checkpoints(argument: _weir_v1_CheckpointsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_CheckpointsResponse__Output>): grpc.ClientUnaryCall;
  Checkpoints(argument: _weir_v1_CheckpointsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_CheckpointsResponse__Output>): grpc.ClientUnaryCall;
  Checkpoints(argument: _weir_v1_CheckpointsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_CheckpointsResponse__Output>): grpc.ClientUnaryCall;
  Checkpoints(argument: _weir_v1_CheckpointsRequest, callback: grpc.requestCallback<_weir_v1_CheckpointsResponse__Output>): grpc.ClientUnaryCall;
  checkpoints(argument: _weir_v1_CheckpointsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_CheckpointsResponse__Output>): grpc.ClientUnaryCall;
  checkpoints(argument: _weir_v1_CheckpointsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_CheckpointsResponse__Output>): grpc.ClientUnaryCall;
  checkpoints(argument: _weir_v1_CheckpointsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_CheckpointsResponse__Output>): grpc.ClientUnaryCall;
  checkpoints(argument: _weir_v1_CheckpointsRequest, callback: grpc.requestCallback<_weir_v1_CheckpointsResponse__Output>): grpc.ClientUnaryCall;
  
  Cluster(argument: _weir_v1_ClusterRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_ClusterResponse__Output>): grpc.ClientUnaryCall;
  Cluster(argument: _weir_v1_ClusterRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_ClusterResponse__Output>): grpc.ClientUnaryCall;
  Cluster(argument: _weir_v1_ClusterRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_ClusterResponse__Output>): grpc.ClientUnaryCall;
  Cluster(argument: _weir_v1_ClusterRequest, callback: grpc.requestCallback<_weir_v1_ClusterResponse__Output>): grpc.ClientUnaryCall;
  cluster(argument: _weir_v1_ClusterRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_ClusterResponse__Output>): grpc.ClientUnaryCall;
  cluster(argument: _weir_v1_ClusterRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_ClusterResponse__Output>): grpc.ClientUnaryCall;
  cluster(argument: _weir_v1_ClusterRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_ClusterResponse__Output>): grpc.ClientUnaryCall;
  cluster(argument: _weir_v1_ClusterRequest, callback: grpc.requestCallback<_weir_v1_ClusterResponse__Output>): grpc.ClientUnaryCall;
  
  Describe(argument: _weir_v1_DescribeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_DescribeResponse__Output>): grpc.ClientUnaryCall;
  Describe(argument: _weir_v1_DescribeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_DescribeResponse__Output>): grpc.ClientUnaryCall;
  Describe(argument: _weir_v1_DescribeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_DescribeResponse__Output>): grpc.ClientUnaryCall;
  Describe(argument: _weir_v1_DescribeRequest, callback: grpc.requestCallback<_weir_v1_DescribeResponse__Output>): grpc.ClientUnaryCall;
  describe(argument: _weir_v1_DescribeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_DescribeResponse__Output>): grpc.ClientUnaryCall;
  describe(argument: _weir_v1_DescribeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_DescribeResponse__Output>): grpc.ClientUnaryCall;
  describe(argument: _weir_v1_DescribeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_DescribeResponse__Output>): grpc.ClientUnaryCall;
  describe(argument: _weir_v1_DescribeRequest, callback: grpc.requestCallback<_weir_v1_DescribeResponse__Output>): grpc.ClientUnaryCall;
  
  DrainWorker(argument: _weir_v1_DrainWorkerRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_DrainWorkerResponse__Output>): grpc.ClientUnaryCall;
  DrainWorker(argument: _weir_v1_DrainWorkerRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_DrainWorkerResponse__Output>): grpc.ClientUnaryCall;
  DrainWorker(argument: _weir_v1_DrainWorkerRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_DrainWorkerResponse__Output>): grpc.ClientUnaryCall;
  DrainWorker(argument: _weir_v1_DrainWorkerRequest, callback: grpc.requestCallback<_weir_v1_DrainWorkerResponse__Output>): grpc.ClientUnaryCall;
  drainWorker(argument: _weir_v1_DrainWorkerRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_DrainWorkerResponse__Output>): grpc.ClientUnaryCall;
  drainWorker(argument: _weir_v1_DrainWorkerRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_DrainWorkerResponse__Output>): grpc.ClientUnaryCall;
  drainWorker(argument: _weir_v1_DrainWorkerRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_DrainWorkerResponse__Output>): grpc.ClientUnaryCall;
  drainWorker(argument: _weir_v1_DrainWorkerRequest, callback: grpc.requestCallback<_weir_v1_DrainWorkerResponse__Output>): grpc.ClientUnaryCall;
  
  JobDefaults(argument: _weir_v1_JobDefaultsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_JobDefaultsResponse__Output>): grpc.ClientUnaryCall;
  JobDefaults(argument: _weir_v1_JobDefaultsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_JobDefaultsResponse__Output>): grpc.ClientUnaryCall;
  JobDefaults(argument: _weir_v1_JobDefaultsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_JobDefaultsResponse__Output>): grpc.ClientUnaryCall;
  JobDefaults(argument: _weir_v1_JobDefaultsRequest, callback: grpc.requestCallback<_weir_v1_JobDefaultsResponse__Output>): grpc.ClientUnaryCall;
  jobDefaults(argument: _weir_v1_JobDefaultsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_JobDefaultsResponse__Output>): grpc.ClientUnaryCall;
  jobDefaults(argument: _weir_v1_JobDefaultsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_JobDefaultsResponse__Output>): grpc.ClientUnaryCall;
  jobDefaults(argument: _weir_v1_JobDefaultsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_JobDefaultsResponse__Output>): grpc.ClientUnaryCall;
  jobDefaults(argument: _weir_v1_JobDefaultsRequest, callback: grpc.requestCallback<_weir_v1_JobDefaultsResponse__Output>): grpc.ClientUnaryCall;
  
  List(argument: _weir_v1_ListRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_ListResponse__Output>): grpc.ClientUnaryCall;
  List(argument: _weir_v1_ListRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_ListResponse__Output>): grpc.ClientUnaryCall;
  List(argument: _weir_v1_ListRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_ListResponse__Output>): grpc.ClientUnaryCall;
  List(argument: _weir_v1_ListRequest, callback: grpc.requestCallback<_weir_v1_ListResponse__Output>): grpc.ClientUnaryCall;
  list(argument: _weir_v1_ListRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_ListResponse__Output>): grpc.ClientUnaryCall;
  list(argument: _weir_v1_ListRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_ListResponse__Output>): grpc.ClientUnaryCall;
  list(argument: _weir_v1_ListRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_ListResponse__Output>): grpc.ClientUnaryCall;
  list(argument: _weir_v1_ListRequest, callback: grpc.requestCallback<_weir_v1_ListResponse__Output>): grpc.ClientUnaryCall;
  
  Submit(metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_SubmitResponse__Output>): grpc.ClientWritableStream<_weir_v1_SubmitRequest>;
  Submit(metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_SubmitResponse__Output>): grpc.ClientWritableStream<_weir_v1_SubmitRequest>;
  Submit(options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_SubmitResponse__Output>): grpc.ClientWritableStream<_weir_v1_SubmitRequest>;
  Submit(callback: grpc.requestCallback<_weir_v1_SubmitResponse__Output>): grpc.ClientWritableStream<_weir_v1_SubmitRequest>;
  submit(metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_SubmitResponse__Output>): grpc.ClientWritableStream<_weir_v1_SubmitRequest>;
  submit(metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_SubmitResponse__Output>): grpc.ClientWritableStream<_weir_v1_SubmitRequest>;
  submit(options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_SubmitResponse__Output>): grpc.ClientWritableStream<_weir_v1_SubmitRequest>;
  submit(callback: grpc.requestCallback<_weir_v1_SubmitResponse__Output>): grpc.ClientWritableStream<_weir_v1_SubmitRequest>;
  
  TriggerCheckpoint(argument: _weir_v1_TriggerCheckpointRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_TriggerCheckpointResponse__Output>): grpc.ClientUnaryCall;
  TriggerCheckpoint(argument: _weir_v1_TriggerCheckpointRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_TriggerCheckpointResponse__Output>): grpc.ClientUnaryCall;
  TriggerCheckpoint(argument: _weir_v1_TriggerCheckpointRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_TriggerCheckpointResponse__Output>): grpc.ClientUnaryCall;
  TriggerCheckpoint(argument: _weir_v1_TriggerCheckpointRequest, callback: grpc.requestCallback<_weir_v1_TriggerCheckpointResponse__Output>): grpc.ClientUnaryCall;
  triggerCheckpoint(argument: _weir_v1_TriggerCheckpointRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_TriggerCheckpointResponse__Output>): grpc.ClientUnaryCall;
  triggerCheckpoint(argument: _weir_v1_TriggerCheckpointRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_TriggerCheckpointResponse__Output>): grpc.ClientUnaryCall;
  triggerCheckpoint(argument: _weir_v1_TriggerCheckpointRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_TriggerCheckpointResponse__Output>): grpc.ClientUnaryCall;
  triggerCheckpoint(argument: _weir_v1_TriggerCheckpointRequest, callback: grpc.requestCallback<_weir_v1_TriggerCheckpointResponse__Output>): grpc.ClientUnaryCall;
  
  Watch(argument: _weir_v1_WatchRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_weir_v1_WatchResponse__Output>;
  Watch(argument: _weir_v1_WatchRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_weir_v1_WatchResponse__Output>;
  watch(argument: _weir_v1_WatchRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_weir_v1_WatchResponse__Output>;
  watch(argument: _weir_v1_WatchRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_weir_v1_WatchResponse__Output>;
  
  Workers(argument: _weir_v1_WorkersRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_WorkersResponse__Output>): grpc.ClientUnaryCall;
  Workers(argument: _weir_v1_WorkersRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_WorkersResponse__Output>): grpc.ClientUnaryCall;
  Workers(argument: _weir_v1_WorkersRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_WorkersResponse__Output>): grpc.ClientUnaryCall;
  Workers(argument: _weir_v1_WorkersRequest, callback: grpc.requestCallback<_weir_v1_WorkersResponse__Output>): grpc.ClientUnaryCall;
  workers(argument: _weir_v1_WorkersRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_WorkersResponse__Output>): grpc.ClientUnaryCall;
  workers(argument: _weir_v1_WorkersRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_WorkersResponse__Output>): grpc.ClientUnaryCall;
  workers(argument: _weir_v1_WorkersRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_WorkersResponse__Output>): grpc.ClientUnaryCall;
  workers(argument: _weir_v1_WorkersRequest, callback: grpc.requestCallback<_weir_v1_WorkersResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface JobServiceHandlers extends grpc.UntypedServiceImplementation {
  Cancel: grpc.handleUnaryCall<_weir_v1_CancelJobRequest__Output, _weir_v1_CancelJobResponse>;
  
  Checkpoints: grpc.handleUnaryCall<_weir_v1_CheckpointsRequest__Output, _weir_v1_CheckpointsResponse>;
  
  Cluster: grpc.handleUnaryCall<_weir_v1_ClusterRequest__Output, _weir_v1_ClusterResponse>;
  
  Describe: grpc.handleUnaryCall<_weir_v1_DescribeRequest__Output, _weir_v1_DescribeResponse>;
  
  DrainWorker: grpc.handleUnaryCall<_weir_v1_DrainWorkerRequest__Output, _weir_v1_DrainWorkerResponse>;
  
  JobDefaults: grpc.handleUnaryCall<_weir_v1_JobDefaultsRequest__Output, _weir_v1_JobDefaultsResponse>;
  
  List: grpc.handleUnaryCall<_weir_v1_ListRequest__Output, _weir_v1_ListResponse>;
  
  Submit: grpc.handleClientStreamingCall<_weir_v1_SubmitRequest__Output, _weir_v1_SubmitResponse>;
  
  TriggerCheckpoint: grpc.handleUnaryCall<_weir_v1_TriggerCheckpointRequest__Output, _weir_v1_TriggerCheckpointResponse>;
  
  Watch: grpc.handleServerStreamingCall<_weir_v1_WatchRequest__Output, _weir_v1_WatchResponse>;
  
  Workers: grpc.handleUnaryCall<_weir_v1_WorkersRequest__Output, _weir_v1_WorkersResponse>;
  
}

export interface JobServiceDefinition extends grpc.ServiceDefinition {
  Cancel: MethodDefinition<_weir_v1_CancelJobRequest, _weir_v1_CancelJobResponse, _weir_v1_CancelJobRequest__Output, _weir_v1_CancelJobResponse__Output>
  Checkpoints: MethodDefinition<_weir_v1_CheckpointsRequest, _weir_v1_CheckpointsResponse, _weir_v1_CheckpointsRequest__Output, _weir_v1_CheckpointsResponse__Output>
  Cluster: MethodDefinition<_weir_v1_ClusterRequest, _weir_v1_ClusterResponse, _weir_v1_ClusterRequest__Output, _weir_v1_ClusterResponse__Output>
  Describe: MethodDefinition<_weir_v1_DescribeRequest, _weir_v1_DescribeResponse, _weir_v1_DescribeRequest__Output, _weir_v1_DescribeResponse__Output>
  DrainWorker: MethodDefinition<_weir_v1_DrainWorkerRequest, _weir_v1_DrainWorkerResponse, _weir_v1_DrainWorkerRequest__Output, _weir_v1_DrainWorkerResponse__Output>
  JobDefaults: MethodDefinition<_weir_v1_JobDefaultsRequest, _weir_v1_JobDefaultsResponse, _weir_v1_JobDefaultsRequest__Output, _weir_v1_JobDefaultsResponse__Output>
  List: MethodDefinition<_weir_v1_ListRequest, _weir_v1_ListResponse, _weir_v1_ListRequest__Output, _weir_v1_ListResponse__Output>
  Submit: MethodDefinition<_weir_v1_SubmitRequest, _weir_v1_SubmitResponse, _weir_v1_SubmitRequest__Output, _weir_v1_SubmitResponse__Output>
  TriggerCheckpoint: MethodDefinition<_weir_v1_TriggerCheckpointRequest, _weir_v1_TriggerCheckpointResponse, _weir_v1_TriggerCheckpointRequest__Output, _weir_v1_TriggerCheckpointResponse__Output>
  Watch: MethodDefinition<_weir_v1_WatchRequest, _weir_v1_WatchResponse, _weir_v1_WatchRequest__Output, _weir_v1_WatchResponse__Output>
  Workers: MethodDefinition<_weir_v1_WorkersRequest, _weir_v1_WorkersResponse, _weir_v1_WorkersRequest__Output, _weir_v1_WorkersResponse__Output>
}
