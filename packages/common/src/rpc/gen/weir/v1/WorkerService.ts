// Original file: proto/weir/v1/control.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { AllocateRequest as _weir_v1_AllocateRequest, AllocateRequest__Output as _weir_v1_AllocateRequest__Output } from '../../weir/v1/AllocateRequest.ts';
import type { AllocateResponse as _weir_v1_AllocateResponse, AllocateResponse__Output as _weir_v1_AllocateResponse__Output } from '../../weir/v1/AllocateResponse.ts';
import type { CancelRequest as _weir_v1_CancelRequest, CancelRequest__Output as _weir_v1_CancelRequest__Output } from '../../weir/v1/CancelRequest.ts';
import type { CancelResponse as _weir_v1_CancelResponse, CancelResponse__Output as _weir_v1_CancelResponse__Output } from '../../weir/v1/CancelResponse.ts';
import type { DeployRequest as _weir_v1_DeployRequest, DeployRequest__Output as _weir_v1_DeployRequest__Output } from '../../weir/v1/DeployRequest.ts';
import type { DeployResponse as _weir_v1_DeployResponse, DeployResponse__Output as _weir_v1_DeployResponse__Output } from '../../weir/v1/DeployResponse.ts';
import type { NotifyAbortedRequest as _weir_v1_NotifyAbortedRequest, NotifyAbortedRequest__Output as _weir_v1_NotifyAbortedRequest__Output } from '../../weir/v1/NotifyAbortedRequest.ts';
import type { NotifyAbortedResponse as _weir_v1_NotifyAbortedResponse, NotifyAbortedResponse__Output as _weir_v1_NotifyAbortedResponse__Output } from '../../weir/v1/NotifyAbortedResponse.ts';
import type { NotifyCompleteRequest as _weir_v1_NotifyCompleteRequest, NotifyCompleteRequest__Output as _weir_v1_NotifyCompleteRequest__Output } from '../../weir/v1/NotifyCompleteRequest.ts';
import type { NotifyCompleteResponse as _weir_v1_NotifyCompleteResponse, NotifyCompleteResponse__Output as _weir_v1_NotifyCompleteResponse__Output } from '../../weir/v1/NotifyCompleteResponse.ts';
import type { ReleaseRequest as _weir_v1_ReleaseRequest, ReleaseRequest__Output as _weir_v1_ReleaseRequest__Output } from '../../weir/v1/ReleaseRequest.ts';
import type { ReleaseResponse as _weir_v1_ReleaseResponse, ReleaseResponse__Output as _weir_v1_ReleaseResponse__Output } from '../../weir/v1/ReleaseResponse.ts';
import type { RunRequest as _weir_v1_RunRequest, RunRequest__Output as _weir_v1_RunRequest__Output } from '../../weir/v1/RunRequest.ts';
import type { RunResponse as _weir_v1_RunResponse, RunResponse__Output as _weir_v1_RunResponse__Output } from '../../weir/v1/RunResponse.ts';
import type { TriggerRequest as _weir_v1_TriggerRequest, TriggerRequest__Output as _weir_v1_TriggerRequest__Output } from '../../weir/v1/TriggerRequest.ts';
import type { TriggerResponse as _weir_v1_TriggerResponse, TriggerResponse__Output as _weir_v1_TriggerResponse__Output } from '../../weir/v1/TriggerResponse.ts';

export interface WorkerServiceClient extends grpc.Client {
  Allocate(argument: _weir_v1_AllocateRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_AllocateResponse__Output>): grpc.ClientUnaryCall;
  Allocate(argument: _weir_v1_AllocateRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_AllocateResponse__Output>): grpc.ClientUnaryCall;
  Allocate(argument: _weir_v1_AllocateRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_AllocateResponse__Output>): grpc.ClientUnaryCall;
  Allocate(argument: _weir_v1_AllocateRequest, callback: grpc.requestCallback<_weir_v1_AllocateResponse__Output>): grpc.ClientUnaryCall;
  allocate(argument: _weir_v1_AllocateRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_AllocateResponse__Output>): grpc.ClientUnaryCall;
  allocate(argument: _weir_v1_AllocateRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_AllocateResponse__Output>): grpc.ClientUnaryCall;
  allocate(argument: _weir_v1_AllocateRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_AllocateResponse__Output>): grpc.ClientUnaryCall;
  allocate(argument: _weir_v1_AllocateRequest, callback: grpc.requestCallback<_weir_v1_AllocateResponse__Output>): grpc.ClientUnaryCall;
  
  Cancel(argument: _weir_v1_CancelRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_CancelResponse__Output>): grpc.ClientUnaryCall;
  Cancel(argument: _weir_v1_CancelRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_CancelResponse__Output>): grpc.ClientUnaryCall;
  Cancel(argument: _weir_v1_CancelRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_CancelResponse__Output>): grpc.ClientUnaryCall;
  Cancel(argument: _weir_v1_CancelRequest, callback: grpc.requestCallback<_weir_v1_CancelResponse__Output>): grpc.ClientUnaryCall;
  cancel(argument: _weir_v1_CancelRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_CancelResponse__Output>): grpc.ClientUnaryCall;
  cancel(argument: _weir_v1_CancelRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_CancelResponse__Output>): grpc.ClientUnaryCall;
  cancel(argument: _weir_v1_CancelRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_CancelResponse__Output>): grpc.ClientUnaryCall;
  cancel(argument: _weir_v1_CancelRequest, callback: grpc.requestCallback<_weir_v1_CancelResponse__Output>): grpc.ClientUnaryCall;
  
  Deploy(argument: _weir_v1_DeployRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_DeployResponse__Output>): grpc.ClientUnaryCall;
  Deploy(argument: _weir_v1_DeployRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_DeployResponse__Output>): grpc.ClientUnaryCall;
  Deploy(argument: _weir_v1_DeployRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_DeployResponse__Output>): grpc.ClientUnaryCall;
  Deploy(argument: _weir_v1_DeployRequest, callback: grpc.requestCallback<_weir_v1_DeployResponse__Output>): grpc.ClientUnaryCall;
  deploy(argument: _weir_v1_DeployRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_DeployResponse__Output>): grpc.ClientUnaryCall;
  deploy(argument: _weir_v1_DeployRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_DeployResponse__Output>): grpc.ClientUnaryCall;
  deploy(argument: _weir_v1_DeployRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_DeployResponse__Output>): grpc.ClientUnaryCall;
  deploy(argument: _weir_v1_DeployRequest, callback: grpc.requestCallback<_weir_v1_DeployResponse__Output>): grpc.ClientUnaryCall;
  
  NotifyAborted(argument: _weir_v1_NotifyAbortedRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_NotifyAbortedResponse__Output>): grpc.ClientUnaryCall;
  NotifyAborted(argument: _weir_v1_NotifyAbortedRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_NotifyAbortedResponse__Output>): grpc.ClientUnaryCall;
  NotifyAborted(argument: _weir_v1_NotifyAbortedRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_NotifyAbortedResponse__Output>): grpc.ClientUnaryCall;
  NotifyAborted(argument: _weir_v1_NotifyAbortedRequest, callback: grpc.requestCallback<_weir_v1_NotifyAbortedResponse__Output>): grpc.ClientUnaryCall;
  notifyAborted(argument: _weir_v1_NotifyAbortedRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_NotifyAbortedResponse__Output>): grpc.ClientUnaryCall;
  notifyAborted(argument: _weir_v1_NotifyAbortedRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_NotifyAbortedResponse__Output>): grpc.ClientUnaryCall;
  notifyAborted(argument: _weir_v1_NotifyAbortedRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_NotifyAbortedResponse__Output>): grpc.ClientUnaryCall;
  notifyAborted(argument: _weir_v1_NotifyAbortedRequest, callback: grpc.requestCallback<_weir_v1_NotifyAbortedResponse__Output>): grpc.ClientUnaryCall;
  
  NotifyComplete(argument: _weir_v1_NotifyCompleteRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_NotifyCompleteResponse__Output>): grpc.ClientUnaryCall;
  NotifyComplete(argument: _weir_v1_NotifyCompleteRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_NotifyCompleteResponse__Output>): grpc.ClientUnaryCall;
  NotifyComplete(argument: _weir_v1_NotifyCompleteRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_NotifyCompleteResponse__Output>): grpc.ClientUnaryCall;
  NotifyComplete(argument: _weir_v1_NotifyCompleteRequest, callback: grpc.requestCallback<_weir_v1_NotifyCompleteResponse__Output>): grpc.ClientUnaryCall;
  notifyComplete(argument: _weir_v1_NotifyCompleteRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_NotifyCompleteResponse__Output>): grpc.ClientUnaryCall;
  notifyComplete(argument: _weir_v1_NotifyCompleteRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_NotifyCompleteResponse__Output>): grpc.ClientUnaryCall;
  notifyComplete(argument: _weir_v1_NotifyCompleteRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_NotifyCompleteResponse__Output>): grpc.ClientUnaryCall;
  notifyComplete(argument: _weir_v1_NotifyCompleteRequest, callback: grpc.requestCallback<_weir_v1_NotifyCompleteResponse__Output>): grpc.ClientUnaryCall;
  
  Release(argument: _weir_v1_ReleaseRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_ReleaseResponse__Output>): grpc.ClientUnaryCall;
  Release(argument: _weir_v1_ReleaseRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_ReleaseResponse__Output>): grpc.ClientUnaryCall;
  Release(argument: _weir_v1_ReleaseRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_ReleaseResponse__Output>): grpc.ClientUnaryCall;
  Release(argument: _weir_v1_ReleaseRequest, callback: grpc.requestCallback<_weir_v1_ReleaseResponse__Output>): grpc.ClientUnaryCall;
  release(argument: _weir_v1_ReleaseRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_ReleaseResponse__Output>): grpc.ClientUnaryCall;
  release(argument: _weir_v1_ReleaseRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_ReleaseResponse__Output>): grpc.ClientUnaryCall;
  release(argument: _weir_v1_ReleaseRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_ReleaseResponse__Output>): grpc.ClientUnaryCall;
  release(argument: _weir_v1_ReleaseRequest, callback: grpc.requestCallback<_weir_v1_ReleaseResponse__Output>): grpc.ClientUnaryCall;
  
  Run(argument: _weir_v1_RunRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_RunResponse__Output>): grpc.ClientUnaryCall;
  Run(argument: _weir_v1_RunRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_RunResponse__Output>): grpc.ClientUnaryCall;
  Run(argument: _weir_v1_RunRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_RunResponse__Output>): grpc.ClientUnaryCall;
  Run(argument: _weir_v1_RunRequest, callback: grpc.requestCallback<_weir_v1_RunResponse__Output>): grpc.ClientUnaryCall;
  run(argument: _weir_v1_RunRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_RunResponse__Output>): grpc.ClientUnaryCall;
  run(argument: _weir_v1_RunRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_RunResponse__Output>): grpc.ClientUnaryCall;
  run(argument: _weir_v1_RunRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_RunResponse__Output>): grpc.ClientUnaryCall;
  run(argument: _weir_v1_RunRequest, callback: grpc.requestCallback<_weir_v1_RunResponse__Output>): grpc.ClientUnaryCall;
  
  Trigger(argument: _weir_v1_TriggerRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_TriggerResponse__Output>): grpc.ClientUnaryCall;
  Trigger(argument: _weir_v1_TriggerRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_TriggerResponse__Output>): grpc.ClientUnaryCall;
  Trigger(argument: _weir_v1_TriggerRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_TriggerResponse__Output>): grpc.ClientUnaryCall;
  Trigger(argument: _weir_v1_TriggerRequest, callback: grpc.requestCallback<_weir_v1_TriggerResponse__Output>): grpc.ClientUnaryCall;
  trigger(argument: _weir_v1_TriggerRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_TriggerResponse__Output>): grpc.ClientUnaryCall;
  trigger(argument: _weir_v1_TriggerRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_TriggerResponse__Output>): grpc.ClientUnaryCall;
  trigger(argument: _weir_v1_TriggerRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_TriggerResponse__Output>): grpc.ClientUnaryCall;
  trigger(argument: _weir_v1_TriggerRequest, callback: grpc.requestCallback<_weir_v1_TriggerResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface WorkerServiceHandlers extends grpc.UntypedServiceImplementation {
  Allocate: grpc.handleUnaryCall<_weir_v1_AllocateRequest__Output, _weir_v1_AllocateResponse>;
  
  Cancel: grpc.handleUnaryCall<_weir_v1_CancelRequest__Output, _weir_v1_CancelResponse>;
  
  Deploy: grpc.handleUnaryCall<_weir_v1_DeployRequest__Output, _weir_v1_DeployResponse>;
  
  NotifyAborted: grpc.handleUnaryCall<_weir_v1_NotifyAbortedRequest__Output, _weir_v1_NotifyAbortedResponse>;
  
  NotifyComplete: grpc.handleUnaryCall<_weir_v1_NotifyCompleteRequest__Output, _weir_v1_NotifyCompleteResponse>;
  
  Release: grpc.handleUnaryCall<_weir_v1_ReleaseRequest__Output, _weir_v1_ReleaseResponse>;
  
  Run: grpc.handleUnaryCall<_weir_v1_RunRequest__Output, _weir_v1_RunResponse>;
  
  Trigger: grpc.handleUnaryCall<_weir_v1_TriggerRequest__Output, _weir_v1_TriggerResponse>;
  
}

export interface WorkerServiceDefinition extends grpc.ServiceDefinition {
  Allocate: MethodDefinition<_weir_v1_AllocateRequest, _weir_v1_AllocateResponse, _weir_v1_AllocateRequest__Output, _weir_v1_AllocateResponse__Output>
  Cancel: MethodDefinition<_weir_v1_CancelRequest, _weir_v1_CancelResponse, _weir_v1_CancelRequest__Output, _weir_v1_CancelResponse__Output>
  Deploy: MethodDefinition<_weir_v1_DeployRequest, _weir_v1_DeployResponse, _weir_v1_DeployRequest__Output, _weir_v1_DeployResponse__Output>
  NotifyAborted: MethodDefinition<_weir_v1_NotifyAbortedRequest, _weir_v1_NotifyAbortedResponse, _weir_v1_NotifyAbortedRequest__Output, _weir_v1_NotifyAbortedResponse__Output>
  NotifyComplete: MethodDefinition<_weir_v1_NotifyCompleteRequest, _weir_v1_NotifyCompleteResponse, _weir_v1_NotifyCompleteRequest__Output, _weir_v1_NotifyCompleteResponse__Output>
  Release: MethodDefinition<_weir_v1_ReleaseRequest, _weir_v1_ReleaseResponse, _weir_v1_ReleaseRequest__Output, _weir_v1_ReleaseResponse__Output>
  Run: MethodDefinition<_weir_v1_RunRequest, _weir_v1_RunResponse, _weir_v1_RunRequest__Output, _weir_v1_RunResponse__Output>
  Trigger: MethodDefinition<_weir_v1_TriggerRequest, _weir_v1_TriggerResponse, _weir_v1_TriggerRequest__Output, _weir_v1_TriggerResponse__Output>
}
