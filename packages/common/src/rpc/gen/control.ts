import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { AcknowledgeRequest as _weir_v1_AcknowledgeRequest, AcknowledgeRequest__Output as _weir_v1_AcknowledgeRequest__Output } from './weir/v1/AcknowledgeRequest.ts';
import type { AcknowledgeResponse as _weir_v1_AcknowledgeResponse, AcknowledgeResponse__Output as _weir_v1_AcknowledgeResponse__Output } from './weir/v1/AcknowledgeResponse.ts';
import type { AllocateRequest as _weir_v1_AllocateRequest, AllocateRequest__Output as _weir_v1_AllocateRequest__Output } from './weir/v1/AllocateRequest.ts';
import type { AllocateResponse as _weir_v1_AllocateResponse, AllocateResponse__Output as _weir_v1_AllocateResponse__Output } from './weir/v1/AllocateResponse.ts';
import type { AttachRequest as _weir_v1_AttachRequest, AttachRequest__Output as _weir_v1_AttachRequest__Output } from './weir/v1/AttachRequest.ts';
import type { AttachResponse as _weir_v1_AttachResponse, AttachResponse__Output as _weir_v1_AttachResponse__Output } from './weir/v1/AttachResponse.ts';
import type { CancelRequest as _weir_v1_CancelRequest, CancelRequest__Output as _weir_v1_CancelRequest__Output } from './weir/v1/CancelRequest.ts';
import type { CancelResponse as _weir_v1_CancelResponse, CancelResponse__Output as _weir_v1_CancelResponse__Output } from './weir/v1/CancelResponse.ts';
import type { CheckpointStats as _weir_v1_CheckpointStats, CheckpointStats__Output as _weir_v1_CheckpointStats__Output } from './weir/v1/CheckpointStats.ts';
import type { CoordinatorServiceClient as _weir_v1_CoordinatorServiceClient, CoordinatorServiceDefinition as _weir_v1_CoordinatorServiceDefinition } from './weir/v1/CoordinatorService.ts';
import type { DeclineRequest as _weir_v1_DeclineRequest, DeclineRequest__Output as _weir_v1_DeclineRequest__Output } from './weir/v1/DeclineRequest.ts';
import type { DeclineResponse as _weir_v1_DeclineResponse, DeclineResponse__Output as _weir_v1_DeclineResponse__Output } from './weir/v1/DeclineResponse.ts';
import type { DeployRequest as _weir_v1_DeployRequest, DeployRequest__Output as _weir_v1_DeployRequest__Output } from './weir/v1/DeployRequest.ts';
import type { DeployResponse as _weir_v1_DeployResponse, DeployResponse__Output as _weir_v1_DeployResponse__Output } from './weir/v1/DeployResponse.ts';
import type { Document as _weir_v1_Document, Document__Output as _weir_v1_Document__Output } from './weir/v1/Document.ts';
import type { Failure as _weir_v1_Failure, Failure__Output as _weir_v1_Failure__Output } from './weir/v1/Failure.ts';
import type { Fence as _weir_v1_Fence, Fence__Output as _weir_v1_Fence__Output } from './weir/v1/Fence.ts';
import type { FetchBundleRequest as _weir_v1_FetchBundleRequest, FetchBundleRequest__Output as _weir_v1_FetchBundleRequest__Output } from './weir/v1/FetchBundleRequest.ts';
import type { FetchBundleResponse as _weir_v1_FetchBundleResponse, FetchBundleResponse__Output as _weir_v1_FetchBundleResponse__Output } from './weir/v1/FetchBundleResponse.ts';
import type { Header as _weir_v1_Header, Header__Output as _weir_v1_Header__Output } from './weir/v1/Header.ts';
import type { HeartbeatRequest as _weir_v1_HeartbeatRequest, HeartbeatRequest__Output as _weir_v1_HeartbeatRequest__Output } from './weir/v1/HeartbeatRequest.ts';
import type { HeartbeatResponse as _weir_v1_HeartbeatResponse, HeartbeatResponse__Output as _weir_v1_HeartbeatResponse__Output } from './weir/v1/HeartbeatResponse.ts';
import type { NotifyAbortedRequest as _weir_v1_NotifyAbortedRequest, NotifyAbortedRequest__Output as _weir_v1_NotifyAbortedRequest__Output } from './weir/v1/NotifyAbortedRequest.ts';
import type { NotifyAbortedResponse as _weir_v1_NotifyAbortedResponse, NotifyAbortedResponse__Output as _weir_v1_NotifyAbortedResponse__Output } from './weir/v1/NotifyAbortedResponse.ts';
import type { NotifyCompleteRequest as _weir_v1_NotifyCompleteRequest, NotifyCompleteRequest__Output as _weir_v1_NotifyCompleteRequest__Output } from './weir/v1/NotifyCompleteRequest.ts';
import type { NotifyCompleteResponse as _weir_v1_NotifyCompleteResponse, NotifyCompleteResponse__Output as _weir_v1_NotifyCompleteResponse__Output } from './weir/v1/NotifyCompleteResponse.ts';
import type { OutputLine as _weir_v1_OutputLine, OutputLine__Output as _weir_v1_OutputLine__Output } from './weir/v1/OutputLine.ts';
import type { OutputRequest as _weir_v1_OutputRequest, OutputRequest__Output as _weir_v1_OutputRequest__Output } from './weir/v1/OutputRequest.ts';
import type { OutputResponse as _weir_v1_OutputResponse, OutputResponse__Output as _weir_v1_OutputResponse__Output } from './weir/v1/OutputResponse.ts';
import type { RegisterRequest as _weir_v1_RegisterRequest, RegisterRequest__Output as _weir_v1_RegisterRequest__Output } from './weir/v1/RegisterRequest.ts';
import type { RegisterResponse as _weir_v1_RegisterResponse, RegisterResponse__Output as _weir_v1_RegisterResponse__Output } from './weir/v1/RegisterResponse.ts';
import type { ReleaseRequest as _weir_v1_ReleaseRequest, ReleaseRequest__Output as _weir_v1_ReleaseRequest__Output } from './weir/v1/ReleaseRequest.ts';
import type { ReleaseResponse as _weir_v1_ReleaseResponse, ReleaseResponse__Output as _weir_v1_ReleaseResponse__Output } from './weir/v1/ReleaseResponse.ts';
import type { RunRequest as _weir_v1_RunRequest, RunRequest__Output as _weir_v1_RunRequest__Output } from './weir/v1/RunRequest.ts';
import type { RunResponse as _weir_v1_RunResponse, RunResponse__Output as _weir_v1_RunResponse__Output } from './weir/v1/RunResponse.ts';
import type { SlotEndpoint as _weir_v1_SlotEndpoint, SlotEndpoint__Output as _weir_v1_SlotEndpoint__Output } from './weir/v1/SlotEndpoint.ts';
import type { SlotsLostRequest as _weir_v1_SlotsLostRequest, SlotsLostRequest__Output as _weir_v1_SlotsLostRequest__Output } from './weir/v1/SlotsLostRequest.ts';
import type { SlotsLostResponse as _weir_v1_SlotsLostResponse, SlotsLostResponse__Output as _weir_v1_SlotsLostResponse__Output } from './weir/v1/SlotsLostResponse.ts';
import type { TaskDeployment as _weir_v1_TaskDeployment, TaskDeployment__Output as _weir_v1_TaskDeployment__Output } from './weir/v1/TaskDeployment.ts';
import type { TaskId as _weir_v1_TaskId, TaskId__Output as _weir_v1_TaskId__Output } from './weir/v1/TaskId.ts';
import type { TaskPlacement as _weir_v1_TaskPlacement, TaskPlacement__Output as _weir_v1_TaskPlacement__Output } from './weir/v1/TaskPlacement.ts';
import type { TaskReport as _weir_v1_TaskReport, TaskReport__Output as _weir_v1_TaskReport__Output } from './weir/v1/TaskReport.ts';
import type { TaskUpdateRequest as _weir_v1_TaskUpdateRequest, TaskUpdateRequest__Output as _weir_v1_TaskUpdateRequest__Output } from './weir/v1/TaskUpdateRequest.ts';
import type { TaskUpdateResponse as _weir_v1_TaskUpdateResponse, TaskUpdateResponse__Output as _weir_v1_TaskUpdateResponse__Output } from './weir/v1/TaskUpdateResponse.ts';
import type { TriggerRequest as _weir_v1_TriggerRequest, TriggerRequest__Output as _weir_v1_TriggerRequest__Output } from './weir/v1/TriggerRequest.ts';
import type { TriggerResponse as _weir_v1_TriggerResponse, TriggerResponse__Output as _weir_v1_TriggerResponse__Output } from './weir/v1/TriggerResponse.ts';
import type { UnregisterRequest as _weir_v1_UnregisterRequest, UnregisterRequest__Output as _weir_v1_UnregisterRequest__Output } from './weir/v1/UnregisterRequest.ts';
import type { UnregisterResponse as _weir_v1_UnregisterResponse, UnregisterResponse__Output as _weir_v1_UnregisterResponse__Output } from './weir/v1/UnregisterResponse.ts';
import type { WorkerServiceClient as _weir_v1_WorkerServiceClient, WorkerServiceDefinition as _weir_v1_WorkerServiceDefinition } from './weir/v1/WorkerService.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  weir: {
    v1: {
      AcknowledgeRequest: MessageTypeDefinition<_weir_v1_AcknowledgeRequest, _weir_v1_AcknowledgeRequest__Output>
      AcknowledgeResponse: MessageTypeDefinition<_weir_v1_AcknowledgeResponse, _weir_v1_AcknowledgeResponse__Output>
      AllocateRequest: MessageTypeDefinition<_weir_v1_AllocateRequest, _weir_v1_AllocateRequest__Output>
      AllocateResponse: MessageTypeDefinition<_weir_v1_AllocateResponse, _weir_v1_AllocateResponse__Output>
      AttachRequest: MessageTypeDefinition<_weir_v1_AttachRequest, _weir_v1_AttachRequest__Output>
      AttachResponse: MessageTypeDefinition<_weir_v1_AttachResponse, _weir_v1_AttachResponse__Output>
      CancelRequest: MessageTypeDefinition<_weir_v1_CancelRequest, _weir_v1_CancelRequest__Output>
      CancelResponse: MessageTypeDefinition<_weir_v1_CancelResponse, _weir_v1_CancelResponse__Output>
      CheckpointStats: MessageTypeDefinition<_weir_v1_CheckpointStats, _weir_v1_CheckpointStats__Output>
      CoordinatorService: SubtypeConstructor<typeof grpc.Client, _weir_v1_CoordinatorServiceClient> & { service: _weir_v1_CoordinatorServiceDefinition }
      DeclineRequest: MessageTypeDefinition<_weir_v1_DeclineRequest, _weir_v1_DeclineRequest__Output>
      DeclineResponse: MessageTypeDefinition<_weir_v1_DeclineResponse, _weir_v1_DeclineResponse__Output>
      DeployRequest: MessageTypeDefinition<_weir_v1_DeployRequest, _weir_v1_DeployRequest__Output>
      DeployResponse: MessageTypeDefinition<_weir_v1_DeployResponse, _weir_v1_DeployResponse__Output>
      Document: MessageTypeDefinition<_weir_v1_Document, _weir_v1_Document__Output>
      ErrorDomain: EnumTypeDefinition
      Failure: MessageTypeDefinition<_weir_v1_Failure, _weir_v1_Failure__Output>
      Fence: MessageTypeDefinition<_weir_v1_Fence, _weir_v1_Fence__Output>
      FetchBundleRequest: MessageTypeDefinition<_weir_v1_FetchBundleRequest, _weir_v1_FetchBundleRequest__Output>
      FetchBundleResponse: MessageTypeDefinition<_weir_v1_FetchBundleResponse, _weir_v1_FetchBundleResponse__Output>
      Header: MessageTypeDefinition<_weir_v1_Header, _weir_v1_Header__Output>
      HeartbeatRequest: MessageTypeDefinition<_weir_v1_HeartbeatRequest, _weir_v1_HeartbeatRequest__Output>
      HeartbeatResponse: MessageTypeDefinition<_weir_v1_HeartbeatResponse, _weir_v1_HeartbeatResponse__Output>
      HeartbeatVerdict: EnumTypeDefinition
      NotifyAbortedRequest: MessageTypeDefinition<_weir_v1_NotifyAbortedRequest, _weir_v1_NotifyAbortedRequest__Output>
      NotifyAbortedResponse: MessageTypeDefinition<_weir_v1_NotifyAbortedResponse, _weir_v1_NotifyAbortedResponse__Output>
      NotifyCompleteRequest: MessageTypeDefinition<_weir_v1_NotifyCompleteRequest, _weir_v1_NotifyCompleteRequest__Output>
      NotifyCompleteResponse: MessageTypeDefinition<_weir_v1_NotifyCompleteResponse, _weir_v1_NotifyCompleteResponse__Output>
      OutputLine: MessageTypeDefinition<_weir_v1_OutputLine, _weir_v1_OutputLine__Output>
      OutputRequest: MessageTypeDefinition<_weir_v1_OutputRequest, _weir_v1_OutputRequest__Output>
      OutputResponse: MessageTypeDefinition<_weir_v1_OutputResponse, _weir_v1_OutputResponse__Output>
      OutputStream: EnumTypeDefinition
      RegisterRequest: MessageTypeDefinition<_weir_v1_RegisterRequest, _weir_v1_RegisterRequest__Output>
      RegisterResponse: MessageTypeDefinition<_weir_v1_RegisterResponse, _weir_v1_RegisterResponse__Output>
      ReleaseRequest: MessageTypeDefinition<_weir_v1_ReleaseRequest, _weir_v1_ReleaseRequest__Output>
      ReleaseResponse: MessageTypeDefinition<_weir_v1_ReleaseResponse, _weir_v1_ReleaseResponse__Output>
      RetryHint: EnumTypeDefinition
      RunRequest: MessageTypeDefinition<_weir_v1_RunRequest, _weir_v1_RunRequest__Output>
      RunResponse: MessageTypeDefinition<_weir_v1_RunResponse, _weir_v1_RunResponse__Output>
      SlotEndpoint: MessageTypeDefinition<_weir_v1_SlotEndpoint, _weir_v1_SlotEndpoint__Output>
      SlotsLostRequest: MessageTypeDefinition<_weir_v1_SlotsLostRequest, _weir_v1_SlotsLostRequest__Output>
      SlotsLostResponse: MessageTypeDefinition<_weir_v1_SlotsLostResponse, _weir_v1_SlotsLostResponse__Output>
      TaskDeployment: MessageTypeDefinition<_weir_v1_TaskDeployment, _weir_v1_TaskDeployment__Output>
      TaskId: MessageTypeDefinition<_weir_v1_TaskId, _weir_v1_TaskId__Output>
      TaskPlacement: MessageTypeDefinition<_weir_v1_TaskPlacement, _weir_v1_TaskPlacement__Output>
      TaskReport: MessageTypeDefinition<_weir_v1_TaskReport, _weir_v1_TaskReport__Output>
      TaskState: EnumTypeDefinition
      TaskUpdateRequest: MessageTypeDefinition<_weir_v1_TaskUpdateRequest, _weir_v1_TaskUpdateRequest__Output>
      TaskUpdateResponse: MessageTypeDefinition<_weir_v1_TaskUpdateResponse, _weir_v1_TaskUpdateResponse__Output>
      TriggerRequest: MessageTypeDefinition<_weir_v1_TriggerRequest, _weir_v1_TriggerRequest__Output>
      TriggerResponse: MessageTypeDefinition<_weir_v1_TriggerResponse, _weir_v1_TriggerResponse__Output>
      UnregisterRequest: MessageTypeDefinition<_weir_v1_UnregisterRequest, _weir_v1_UnregisterRequest__Output>
      UnregisterResponse: MessageTypeDefinition<_weir_v1_UnregisterResponse, _weir_v1_UnregisterResponse__Output>
      WorkerService: SubtypeConstructor<typeof grpc.Client, _weir_v1_WorkerServiceClient> & { service: _weir_v1_WorkerServiceDefinition }
    }
  }
}

