// Original file: proto/weir/v1/control.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { AcknowledgeRequest as _weir_v1_AcknowledgeRequest, AcknowledgeRequest__Output as _weir_v1_AcknowledgeRequest__Output } from '../../weir/v1/AcknowledgeRequest.ts';
import type { AcknowledgeResponse as _weir_v1_AcknowledgeResponse, AcknowledgeResponse__Output as _weir_v1_AcknowledgeResponse__Output } from '../../weir/v1/AcknowledgeResponse.ts';
import type { AttachRequest as _weir_v1_AttachRequest, AttachRequest__Output as _weir_v1_AttachRequest__Output } from '../../weir/v1/AttachRequest.ts';
import type { AttachResponse as _weir_v1_AttachResponse, AttachResponse__Output as _weir_v1_AttachResponse__Output } from '../../weir/v1/AttachResponse.ts';
import type { DeclineRequest as _weir_v1_DeclineRequest, DeclineRequest__Output as _weir_v1_DeclineRequest__Output } from '../../weir/v1/DeclineRequest.ts';
import type { DeclineResponse as _weir_v1_DeclineResponse, DeclineResponse__Output as _weir_v1_DeclineResponse__Output } from '../../weir/v1/DeclineResponse.ts';
import type { FetchBundleRequest as _weir_v1_FetchBundleRequest, FetchBundleRequest__Output as _weir_v1_FetchBundleRequest__Output } from '../../weir/v1/FetchBundleRequest.ts';
import type { FetchBundleResponse as _weir_v1_FetchBundleResponse, FetchBundleResponse__Output as _weir_v1_FetchBundleResponse__Output } from '../../weir/v1/FetchBundleResponse.ts';
import type { HeartbeatRequest as _weir_v1_HeartbeatRequest, HeartbeatRequest__Output as _weir_v1_HeartbeatRequest__Output } from '../../weir/v1/HeartbeatRequest.ts';
import type { HeartbeatResponse as _weir_v1_HeartbeatResponse, HeartbeatResponse__Output as _weir_v1_HeartbeatResponse__Output } from '../../weir/v1/HeartbeatResponse.ts';
import type { OutputRequest as _weir_v1_OutputRequest, OutputRequest__Output as _weir_v1_OutputRequest__Output } from '../../weir/v1/OutputRequest.ts';
import type { OutputResponse as _weir_v1_OutputResponse, OutputResponse__Output as _weir_v1_OutputResponse__Output } from '../../weir/v1/OutputResponse.ts';
import type { RegisterRequest as _weir_v1_RegisterRequest, RegisterRequest__Output as _weir_v1_RegisterRequest__Output } from '../../weir/v1/RegisterRequest.ts';
import type { RegisterResponse as _weir_v1_RegisterResponse, RegisterResponse__Output as _weir_v1_RegisterResponse__Output } from '../../weir/v1/RegisterResponse.ts';
import type { SlotsLostRequest as _weir_v1_SlotsLostRequest, SlotsLostRequest__Output as _weir_v1_SlotsLostRequest__Output } from '../../weir/v1/SlotsLostRequest.ts';
import type { SlotsLostResponse as _weir_v1_SlotsLostResponse, SlotsLostResponse__Output as _weir_v1_SlotsLostResponse__Output } from '../../weir/v1/SlotsLostResponse.ts';
import type { TaskUpdateRequest as _weir_v1_TaskUpdateRequest, TaskUpdateRequest__Output as _weir_v1_TaskUpdateRequest__Output } from '../../weir/v1/TaskUpdateRequest.ts';
import type { TaskUpdateResponse as _weir_v1_TaskUpdateResponse, TaskUpdateResponse__Output as _weir_v1_TaskUpdateResponse__Output } from '../../weir/v1/TaskUpdateResponse.ts';
import type { UnregisterRequest as _weir_v1_UnregisterRequest, UnregisterRequest__Output as _weir_v1_UnregisterRequest__Output } from '../../weir/v1/UnregisterRequest.ts';
import type { UnregisterResponse as _weir_v1_UnregisterResponse, UnregisterResponse__Output as _weir_v1_UnregisterResponse__Output } from '../../weir/v1/UnregisterResponse.ts';

export interface CoordinatorServiceClient extends grpc.Client {
  Acknowledge(argument: _weir_v1_AcknowledgeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_AcknowledgeResponse__Output>): grpc.ClientUnaryCall;
  Acknowledge(argument: _weir_v1_AcknowledgeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_AcknowledgeResponse__Output>): grpc.ClientUnaryCall;
  Acknowledge(argument: _weir_v1_AcknowledgeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_AcknowledgeResponse__Output>): grpc.ClientUnaryCall;
  Acknowledge(argument: _weir_v1_AcknowledgeRequest, callback: grpc.requestCallback<_weir_v1_AcknowledgeResponse__Output>): grpc.ClientUnaryCall;
  acknowledge(argument: _weir_v1_AcknowledgeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_AcknowledgeResponse__Output>): grpc.ClientUnaryCall;
  acknowledge(argument: _weir_v1_AcknowledgeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_AcknowledgeResponse__Output>): grpc.ClientUnaryCall;
  acknowledge(argument: _weir_v1_AcknowledgeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_AcknowledgeResponse__Output>): grpc.ClientUnaryCall;
  acknowledge(argument: _weir_v1_AcknowledgeRequest, callback: grpc.requestCallback<_weir_v1_AcknowledgeResponse__Output>): grpc.ClientUnaryCall;
  
  Attach(argument: _weir_v1_AttachRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_weir_v1_AttachResponse__Output>;
  Attach(argument: _weir_v1_AttachRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_weir_v1_AttachResponse__Output>;
  attach(argument: _weir_v1_AttachRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_weir_v1_AttachResponse__Output>;
  attach(argument: _weir_v1_AttachRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_weir_v1_AttachResponse__Output>;
  
  Decline(argument: _weir_v1_DeclineRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_DeclineResponse__Output>): grpc.ClientUnaryCall;
  Decline(argument: _weir_v1_DeclineRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_DeclineResponse__Output>): grpc.ClientUnaryCall;
  Decline(argument: _weir_v1_DeclineRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_DeclineResponse__Output>): grpc.ClientUnaryCall;
  Decline(argument: _weir_v1_DeclineRequest, callback: grpc.requestCallback<_weir_v1_DeclineResponse__Output>): grpc.ClientUnaryCall;
  decline(argument: _weir_v1_DeclineRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_DeclineResponse__Output>): grpc.ClientUnaryCall;
  decline(argument: _weir_v1_DeclineRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_DeclineResponse__Output>): grpc.ClientUnaryCall;
  decline(argument: _weir_v1_DeclineRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_DeclineResponse__Output>): grpc.ClientUnaryCall;
  decline(argument: _weir_v1_DeclineRequest, callback: grpc.requestCallback<_weir_v1_DeclineResponse__Output>): grpc.ClientUnaryCall;
  
  FetchBundle(argument: _weir_v1_FetchBundleRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_weir_v1_FetchBundleResponse__Output>;
  FetchBundle(argument: _weir_v1_FetchBundleRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_weir_v1_FetchBundleResponse__Output>;
  fetchBundle(argument: _weir_v1_FetchBundleRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_weir_v1_FetchBundleResponse__Output>;
  fetchBundle(argument: _weir_v1_FetchBundleRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_weir_v1_FetchBundleResponse__Output>;
  
  Heartbeat(argument: _weir_v1_HeartbeatRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_HeartbeatResponse__Output>): grpc.ClientUnaryCall;
  Heartbeat(argument: _weir_v1_HeartbeatRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_HeartbeatResponse__Output>): grpc.ClientUnaryCall;
  Heartbeat(argument: _weir_v1_HeartbeatRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_HeartbeatResponse__Output>): grpc.ClientUnaryCall;
  Heartbeat(argument: _weir_v1_HeartbeatRequest, callback: grpc.requestCallback<_weir_v1_HeartbeatResponse__Output>): grpc.ClientUnaryCall;
  heartbeat(argument: _weir_v1_HeartbeatRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_HeartbeatResponse__Output>): grpc.ClientUnaryCall;
  heartbeat(argument: _weir_v1_HeartbeatRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_HeartbeatResponse__Output>): grpc.ClientUnaryCall;
  heartbeat(argument: _weir_v1_HeartbeatRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_HeartbeatResponse__Output>): grpc.ClientUnaryCall;
  heartbeat(argument: _weir_v1_HeartbeatRequest, callback: grpc.requestCallback<_weir_v1_HeartbeatResponse__Output>): grpc.ClientUnaryCall;
  
  Output(argument: _weir_v1_OutputRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_OutputResponse__Output>): grpc.ClientUnaryCall;
  Output(argument: _weir_v1_OutputRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_OutputResponse__Output>): grpc.ClientUnaryCall;
  Output(argument: _weir_v1_OutputRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_OutputResponse__Output>): grpc.ClientUnaryCall;
  Output(argument: _weir_v1_OutputRequest, callback: grpc.requestCallback<_weir_v1_OutputResponse__Output>): grpc.ClientUnaryCall;
  output(argument: _weir_v1_OutputRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_OutputResponse__Output>): grpc.ClientUnaryCall;
  output(argument: _weir_v1_OutputRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_OutputResponse__Output>): grpc.ClientUnaryCall;
  output(argument: _weir_v1_OutputRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_OutputResponse__Output>): grpc.ClientUnaryCall;
  output(argument: _weir_v1_OutputRequest, callback: grpc.requestCallback<_weir_v1_OutputResponse__Output>): grpc.ClientUnaryCall;
  
  Register(argument: _weir_v1_RegisterRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_RegisterResponse__Output>): grpc.ClientUnaryCall;
  Register(argument: _weir_v1_RegisterRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_RegisterResponse__Output>): grpc.ClientUnaryCall;
  Register(argument: _weir_v1_RegisterRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_RegisterResponse__Output>): grpc.ClientUnaryCall;
  Register(argument: _weir_v1_RegisterRequest, callback: grpc.requestCallback<_weir_v1_RegisterResponse__Output>): grpc.ClientUnaryCall;
  register(argument: _weir_v1_RegisterRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_RegisterResponse__Output>): grpc.ClientUnaryCall;
  register(argument: _weir_v1_RegisterRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_RegisterResponse__Output>): grpc.ClientUnaryCall;
  register(argument: _weir_v1_RegisterRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_RegisterResponse__Output>): grpc.ClientUnaryCall;
  register(argument: _weir_v1_RegisterRequest, callback: grpc.requestCallback<_weir_v1_RegisterResponse__Output>): grpc.ClientUnaryCall;
  
  SlotsLost(argument: _weir_v1_SlotsLostRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_SlotsLostResponse__Output>): grpc.ClientUnaryCall;
  SlotsLost(argument: _weir_v1_SlotsLostRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_SlotsLostResponse__Output>): grpc.ClientUnaryCall;
  SlotsLost(argument: _weir_v1_SlotsLostRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_SlotsLostResponse__Output>): grpc.ClientUnaryCall;
  SlotsLost(argument: _weir_v1_SlotsLostRequest, callback: grpc.requestCallback<_weir_v1_SlotsLostResponse__Output>): grpc.ClientUnaryCall;
  slotsLost(argument: _weir_v1_SlotsLostRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_SlotsLostResponse__Output>): grpc.ClientUnaryCall;
  slotsLost(argument: _weir_v1_SlotsLostRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_SlotsLostResponse__Output>): grpc.ClientUnaryCall;
  slotsLost(argument: _weir_v1_SlotsLostRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_SlotsLostResponse__Output>): grpc.ClientUnaryCall;
  slotsLost(argument: _weir_v1_SlotsLostRequest, callback: grpc.requestCallback<_weir_v1_SlotsLostResponse__Output>): grpc.ClientUnaryCall;
  
  TaskUpdate(argument: _weir_v1_TaskUpdateRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_TaskUpdateResponse__Output>): grpc.ClientUnaryCall;
  TaskUpdate(argument: _weir_v1_TaskUpdateRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_TaskUpdateResponse__Output>): grpc.ClientUnaryCall;
  TaskUpdate(argument: _weir_v1_TaskUpdateRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_TaskUpdateResponse__Output>): grpc.ClientUnaryCall;
  TaskUpdate(argument: _weir_v1_TaskUpdateRequest, callback: grpc.requestCallback<_weir_v1_TaskUpdateResponse__Output>): grpc.ClientUnaryCall;
  taskUpdate(argument: _weir_v1_TaskUpdateRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_TaskUpdateResponse__Output>): grpc.ClientUnaryCall;
  taskUpdate(argument: _weir_v1_TaskUpdateRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_TaskUpdateResponse__Output>): grpc.ClientUnaryCall;
  taskUpdate(argument: _weir_v1_TaskUpdateRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_TaskUpdateResponse__Output>): grpc.ClientUnaryCall;
  taskUpdate(argument: _weir_v1_TaskUpdateRequest, callback: grpc.requestCallback<_weir_v1_TaskUpdateResponse__Output>): grpc.ClientUnaryCall;
  
  Unregister(argument: _weir_v1_UnregisterRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_UnregisterResponse__Output>): grpc.ClientUnaryCall;
  Unregister(argument: _weir_v1_UnregisterRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_UnregisterResponse__Output>): grpc.ClientUnaryCall;
  Unregister(argument: _weir_v1_UnregisterRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_UnregisterResponse__Output>): grpc.ClientUnaryCall;
  Unregister(argument: _weir_v1_UnregisterRequest, callback: grpc.requestCallback<_weir_v1_UnregisterResponse__Output>): grpc.ClientUnaryCall;
  unregister(argument: _weir_v1_UnregisterRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_UnregisterResponse__Output>): grpc.ClientUnaryCall;
  unregister(argument: _weir_v1_UnregisterRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_weir_v1_UnregisterResponse__Output>): grpc.ClientUnaryCall;
  unregister(argument: _weir_v1_UnregisterRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_weir_v1_UnregisterResponse__Output>): grpc.ClientUnaryCall;
  unregister(argument: _weir_v1_UnregisterRequest, callback: grpc.requestCallback<_weir_v1_UnregisterResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface CoordinatorServiceHandlers extends grpc.UntypedServiceImplementation {
  Acknowledge: grpc.handleUnaryCall<_weir_v1_AcknowledgeRequest__Output, _weir_v1_AcknowledgeResponse>;
  
  Attach: grpc.handleServerStreamingCall<_weir_v1_AttachRequest__Output, _weir_v1_AttachResponse>;
  
  Decline: grpc.handleUnaryCall<_weir_v1_DeclineRequest__Output, _weir_v1_DeclineResponse>;
  
  FetchBundle: grpc.handleServerStreamingCall<_weir_v1_FetchBundleRequest__Output, _weir_v1_FetchBundleResponse>;
  
  Heartbeat: grpc.handleUnaryCall<_weir_v1_HeartbeatRequest__Output, _weir_v1_HeartbeatResponse>;
  
  Output: grpc.handleUnaryCall<_weir_v1_OutputRequest__Output, _weir_v1_OutputResponse>;
  
  Register: grpc.handleUnaryCall<_weir_v1_RegisterRequest__Output, _weir_v1_RegisterResponse>;
  
  SlotsLost: grpc.handleUnaryCall<_weir_v1_SlotsLostRequest__Output, _weir_v1_SlotsLostResponse>;
  
  TaskUpdate: grpc.handleUnaryCall<_weir_v1_TaskUpdateRequest__Output, _weir_v1_TaskUpdateResponse>;
  
  Unregister: grpc.handleUnaryCall<_weir_v1_UnregisterRequest__Output, _weir_v1_UnregisterResponse>;
  
}

export interface CoordinatorServiceDefinition extends grpc.ServiceDefinition {
  Acknowledge: MethodDefinition<_weir_v1_AcknowledgeRequest, _weir_v1_AcknowledgeResponse, _weir_v1_AcknowledgeRequest__Output, _weir_v1_AcknowledgeResponse__Output>
  Attach: MethodDefinition<_weir_v1_AttachRequest, _weir_v1_AttachResponse, _weir_v1_AttachRequest__Output, _weir_v1_AttachResponse__Output>
  Decline: MethodDefinition<_weir_v1_DeclineRequest, _weir_v1_DeclineResponse, _weir_v1_DeclineRequest__Output, _weir_v1_DeclineResponse__Output>
  FetchBundle: MethodDefinition<_weir_v1_FetchBundleRequest, _weir_v1_FetchBundleResponse, _weir_v1_FetchBundleRequest__Output, _weir_v1_FetchBundleResponse__Output>
  Heartbeat: MethodDefinition<_weir_v1_HeartbeatRequest, _weir_v1_HeartbeatResponse, _weir_v1_HeartbeatRequest__Output, _weir_v1_HeartbeatResponse__Output>
  Output: MethodDefinition<_weir_v1_OutputRequest, _weir_v1_OutputResponse, _weir_v1_OutputRequest__Output, _weir_v1_OutputResponse__Output>
  Register: MethodDefinition<_weir_v1_RegisterRequest, _weir_v1_RegisterResponse, _weir_v1_RegisterRequest__Output, _weir_v1_RegisterResponse__Output>
  SlotsLost: MethodDefinition<_weir_v1_SlotsLostRequest, _weir_v1_SlotsLostResponse, _weir_v1_SlotsLostRequest__Output, _weir_v1_SlotsLostResponse__Output>
  TaskUpdate: MethodDefinition<_weir_v1_TaskUpdateRequest, _weir_v1_TaskUpdateResponse, _weir_v1_TaskUpdateRequest__Output, _weir_v1_TaskUpdateResponse__Output>
  Unregister: MethodDefinition<_weir_v1_UnregisterRequest, _weir_v1_UnregisterResponse, _weir_v1_UnregisterRequest__Output, _weir_v1_UnregisterResponse__Output>
}
