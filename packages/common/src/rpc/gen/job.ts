import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { AttemptView as _weir_v1_AttemptView, AttemptView__Output as _weir_v1_AttemptView__Output } from './weir/v1/AttemptView.ts';
import type { CancelJobRequest as _weir_v1_CancelJobRequest, CancelJobRequest__Output as _weir_v1_CancelJobRequest__Output } from './weir/v1/CancelJobRequest.ts';
import type { CancelJobResponse as _weir_v1_CancelJobResponse, CancelJobResponse__Output as _weir_v1_CancelJobResponse__Output } from './weir/v1/CancelJobResponse.ts';
import type { CheckpointView as _weir_v1_CheckpointView, CheckpointView__Output as _weir_v1_CheckpointView__Output } from './weir/v1/CheckpointView.ts';
import type { CheckpointsRequest as _weir_v1_CheckpointsRequest, CheckpointsRequest__Output as _weir_v1_CheckpointsRequest__Output } from './weir/v1/CheckpointsRequest.ts';
import type { CheckpointsResponse as _weir_v1_CheckpointsResponse, CheckpointsResponse__Output as _weir_v1_CheckpointsResponse__Output } from './weir/v1/CheckpointsResponse.ts';
import type { ClusterRequest as _weir_v1_ClusterRequest, ClusterRequest__Output as _weir_v1_ClusterRequest__Output } from './weir/v1/ClusterRequest.ts';
import type { ClusterResponse as _weir_v1_ClusterResponse, ClusterResponse__Output as _weir_v1_ClusterResponse__Output } from './weir/v1/ClusterResponse.ts';
import type { DescribeRequest as _weir_v1_DescribeRequest, DescribeRequest__Output as _weir_v1_DescribeRequest__Output } from './weir/v1/DescribeRequest.ts';
import type { DescribeResponse as _weir_v1_DescribeResponse, DescribeResponse__Output as _weir_v1_DescribeResponse__Output } from './weir/v1/DescribeResponse.ts';
import type { Document as _weir_v1_Document, Document__Output as _weir_v1_Document__Output } from './weir/v1/Document.ts';
import type { DrainWorkerRequest as _weir_v1_DrainWorkerRequest, DrainWorkerRequest__Output as _weir_v1_DrainWorkerRequest__Output } from './weir/v1/DrainWorkerRequest.ts';
import type { DrainWorkerResponse as _weir_v1_DrainWorkerResponse, DrainWorkerResponse__Output as _weir_v1_DrainWorkerResponse__Output } from './weir/v1/DrainWorkerResponse.ts';
import type { Failure as _weir_v1_Failure, Failure__Output as _weir_v1_Failure__Output } from './weir/v1/Failure.ts';
import type { Fence as _weir_v1_Fence, Fence__Output as _weir_v1_Fence__Output } from './weir/v1/Fence.ts';
import type { Header as _weir_v1_Header, Header__Output as _weir_v1_Header__Output } from './weir/v1/Header.ts';
import type { JobDefault as _weir_v1_JobDefault, JobDefault__Output as _weir_v1_JobDefault__Output } from './weir/v1/JobDefault.ts';
import type { JobDefaultsRequest as _weir_v1_JobDefaultsRequest, JobDefaultsRequest__Output as _weir_v1_JobDefaultsRequest__Output } from './weir/v1/JobDefaultsRequest.ts';
import type { JobDefaultsResponse as _weir_v1_JobDefaultsResponse, JobDefaultsResponse__Output as _weir_v1_JobDefaultsResponse__Output } from './weir/v1/JobDefaultsResponse.ts';
import type { JobServiceClient as _weir_v1_JobServiceClient, JobServiceDefinition as _weir_v1_JobServiceDefinition } from './weir/v1/JobService.ts';
import type { JobSummary as _weir_v1_JobSummary, JobSummary__Output as _weir_v1_JobSummary__Output } from './weir/v1/JobSummary.ts';
import type { ListRequest as _weir_v1_ListRequest, ListRequest__Output as _weir_v1_ListRequest__Output } from './weir/v1/ListRequest.ts';
import type { ListResponse as _weir_v1_ListResponse, ListResponse__Output as _weir_v1_ListResponse__Output } from './weir/v1/ListResponse.ts';
import type { SubmitHead as _weir_v1_SubmitHead, SubmitHead__Output as _weir_v1_SubmitHead__Output } from './weir/v1/SubmitHead.ts';
import type { SubmitRequest as _weir_v1_SubmitRequest, SubmitRequest__Output as _weir_v1_SubmitRequest__Output } from './weir/v1/SubmitRequest.ts';
import type { SubmitResponse as _weir_v1_SubmitResponse, SubmitResponse__Output as _weir_v1_SubmitResponse__Output } from './weir/v1/SubmitResponse.ts';
import type { TaskId as _weir_v1_TaskId, TaskId__Output as _weir_v1_TaskId__Output } from './weir/v1/TaskId.ts';
import type { TaskView as _weir_v1_TaskView, TaskView__Output as _weir_v1_TaskView__Output } from './weir/v1/TaskView.ts';
import type { TriggerCheckpointRequest as _weir_v1_TriggerCheckpointRequest, TriggerCheckpointRequest__Output as _weir_v1_TriggerCheckpointRequest__Output } from './weir/v1/TriggerCheckpointRequest.ts';
import type { TriggerCheckpointResponse as _weir_v1_TriggerCheckpointResponse, TriggerCheckpointResponse__Output as _weir_v1_TriggerCheckpointResponse__Output } from './weir/v1/TriggerCheckpointResponse.ts';
import type { WatchFailure as _weir_v1_WatchFailure, WatchFailure__Output as _weir_v1_WatchFailure__Output } from './weir/v1/WatchFailure.ts';
import type { WatchLostOutput as _weir_v1_WatchLostOutput, WatchLostOutput__Output as _weir_v1_WatchLostOutput__Output } from './weir/v1/WatchLostOutput.ts';
import type { WatchOutput as _weir_v1_WatchOutput, WatchOutput__Output as _weir_v1_WatchOutput__Output } from './weir/v1/WatchOutput.ts';
import type { WatchOutputLog as _weir_v1_WatchOutputLog, WatchOutputLog__Output as _weir_v1_WatchOutputLog__Output } from './weir/v1/WatchOutputLog.ts';
import type { WatchProgress as _weir_v1_WatchProgress, WatchProgress__Output as _weir_v1_WatchProgress__Output } from './weir/v1/WatchProgress.ts';
import type { WatchRequest as _weir_v1_WatchRequest, WatchRequest__Output as _weir_v1_WatchRequest__Output } from './weir/v1/WatchRequest.ts';
import type { WatchResponse as _weir_v1_WatchResponse, WatchResponse__Output as _weir_v1_WatchResponse__Output } from './weir/v1/WatchResponse.ts';
import type { WatchRestored as _weir_v1_WatchRestored, WatchRestored__Output as _weir_v1_WatchRestored__Output } from './weir/v1/WatchRestored.ts';
import type { WorkerView as _weir_v1_WorkerView, WorkerView__Output as _weir_v1_WorkerView__Output } from './weir/v1/WorkerView.ts';
import type { WorkersRequest as _weir_v1_WorkersRequest, WorkersRequest__Output as _weir_v1_WorkersRequest__Output } from './weir/v1/WorkersRequest.ts';
import type { WorkersResponse as _weir_v1_WorkersResponse, WorkersResponse__Output as _weir_v1_WorkersResponse__Output } from './weir/v1/WorkersResponse.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  weir: {
    v1: {
      AttemptView: MessageTypeDefinition<_weir_v1_AttemptView, _weir_v1_AttemptView__Output>
      CancelJobRequest: MessageTypeDefinition<_weir_v1_CancelJobRequest, _weir_v1_CancelJobRequest__Output>
      CancelJobResponse: MessageTypeDefinition<_weir_v1_CancelJobResponse, _weir_v1_CancelJobResponse__Output>
      CheckpointKind: EnumTypeDefinition
      CheckpointState: EnumTypeDefinition
      CheckpointView: MessageTypeDefinition<_weir_v1_CheckpointView, _weir_v1_CheckpointView__Output>
      CheckpointsRequest: MessageTypeDefinition<_weir_v1_CheckpointsRequest, _weir_v1_CheckpointsRequest__Output>
      CheckpointsResponse: MessageTypeDefinition<_weir_v1_CheckpointsResponse, _weir_v1_CheckpointsResponse__Output>
      ClusterRequest: MessageTypeDefinition<_weir_v1_ClusterRequest, _weir_v1_ClusterRequest__Output>
      ClusterResponse: MessageTypeDefinition<_weir_v1_ClusterResponse, _weir_v1_ClusterResponse__Output>
      DescribeRequest: MessageTypeDefinition<_weir_v1_DescribeRequest, _weir_v1_DescribeRequest__Output>
      DescribeResponse: MessageTypeDefinition<_weir_v1_DescribeResponse, _weir_v1_DescribeResponse__Output>
      Document: MessageTypeDefinition<_weir_v1_Document, _weir_v1_Document__Output>
      DrainWorkerRequest: MessageTypeDefinition<_weir_v1_DrainWorkerRequest, _weir_v1_DrainWorkerRequest__Output>
      DrainWorkerResponse: MessageTypeDefinition<_weir_v1_DrainWorkerResponse, _weir_v1_DrainWorkerResponse__Output>
      ErrorDomain: EnumTypeDefinition
      Failure: MessageTypeDefinition<_weir_v1_Failure, _weir_v1_Failure__Output>
      Fence: MessageTypeDefinition<_weir_v1_Fence, _weir_v1_Fence__Output>
      Header: MessageTypeDefinition<_weir_v1_Header, _weir_v1_Header__Output>
      JobDefault: MessageTypeDefinition<_weir_v1_JobDefault, _weir_v1_JobDefault__Output>
      JobDefaultsRequest: MessageTypeDefinition<_weir_v1_JobDefaultsRequest, _weir_v1_JobDefaultsRequest__Output>
      JobDefaultsResponse: MessageTypeDefinition<_weir_v1_JobDefaultsResponse, _weir_v1_JobDefaultsResponse__Output>
      JobHealth: EnumTypeDefinition
      JobService: SubtypeConstructor<typeof grpc.Client, _weir_v1_JobServiceClient> & { service: _weir_v1_JobServiceDefinition }
      JobState: EnumTypeDefinition
      JobSummary: MessageTypeDefinition<_weir_v1_JobSummary, _weir_v1_JobSummary__Output>
      ListRequest: MessageTypeDefinition<_weir_v1_ListRequest, _weir_v1_ListRequest__Output>
      ListResponse: MessageTypeDefinition<_weir_v1_ListResponse, _weir_v1_ListResponse__Output>
      OutputStream: EnumTypeDefinition
      RetryHint: EnumTypeDefinition
      SubmitHead: MessageTypeDefinition<_weir_v1_SubmitHead, _weir_v1_SubmitHead__Output>
      SubmitRequest: MessageTypeDefinition<_weir_v1_SubmitRequest, _weir_v1_SubmitRequest__Output>
      SubmitResponse: MessageTypeDefinition<_weir_v1_SubmitResponse, _weir_v1_SubmitResponse__Output>
      TaskId: MessageTypeDefinition<_weir_v1_TaskId, _weir_v1_TaskId__Output>
      TaskView: MessageTypeDefinition<_weir_v1_TaskView, _weir_v1_TaskView__Output>
      TriggerCheckpointRequest: MessageTypeDefinition<_weir_v1_TriggerCheckpointRequest, _weir_v1_TriggerCheckpointRequest__Output>
      TriggerCheckpointResponse: MessageTypeDefinition<_weir_v1_TriggerCheckpointResponse, _weir_v1_TriggerCheckpointResponse__Output>
      WatchFailure: MessageTypeDefinition<_weir_v1_WatchFailure, _weir_v1_WatchFailure__Output>
      WatchLostOutput: MessageTypeDefinition<_weir_v1_WatchLostOutput, _weir_v1_WatchLostOutput__Output>
      WatchOutput: MessageTypeDefinition<_weir_v1_WatchOutput, _weir_v1_WatchOutput__Output>
      WatchOutputLog: MessageTypeDefinition<_weir_v1_WatchOutputLog, _weir_v1_WatchOutputLog__Output>
      WatchProgress: MessageTypeDefinition<_weir_v1_WatchProgress, _weir_v1_WatchProgress__Output>
      WatchRequest: MessageTypeDefinition<_weir_v1_WatchRequest, _weir_v1_WatchRequest__Output>
      WatchResponse: MessageTypeDefinition<_weir_v1_WatchResponse, _weir_v1_WatchResponse__Output>
      WatchRestored: MessageTypeDefinition<_weir_v1_WatchRestored, _weir_v1_WatchRestored__Output>
      WorkerView: MessageTypeDefinition<_weir_v1_WorkerView, _weir_v1_WorkerView__Output>
      WorkersRequest: MessageTypeDefinition<_weir_v1_WorkersRequest, _weir_v1_WorkersRequest__Output>
      WorkersResponse: MessageTypeDefinition<_weir_v1_WorkersResponse, _weir_v1_WorkersResponse__Output>
    }
  }
}

