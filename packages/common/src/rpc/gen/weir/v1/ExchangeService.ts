// Original file: proto/weir/v1/exchange.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { ExchangeDown as _weir_v1_ExchangeDown, ExchangeDown__Output as _weir_v1_ExchangeDown__Output } from '../../weir/v1/ExchangeDown.ts';
import type { ExchangeUp as _weir_v1_ExchangeUp, ExchangeUp__Output as _weir_v1_ExchangeUp__Output } from '../../weir/v1/ExchangeUp.ts';

export interface ExchangeServiceClient extends grpc.Client {
  Open(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_weir_v1_ExchangeUp, _weir_v1_ExchangeDown__Output>;
  Open(options?: grpc.CallOptions): grpc.ClientDuplexStream<_weir_v1_ExchangeUp, _weir_v1_ExchangeDown__Output>;
  open(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_weir_v1_ExchangeUp, _weir_v1_ExchangeDown__Output>;
  open(options?: grpc.CallOptions): grpc.ClientDuplexStream<_weir_v1_ExchangeUp, _weir_v1_ExchangeDown__Output>;
  
}

export interface ExchangeServiceHandlers extends grpc.UntypedServiceImplementation {
  Open: grpc.handleBidiStreamingCall<_weir_v1_ExchangeUp__Output, _weir_v1_ExchangeDown>;
  
}

export interface ExchangeServiceDefinition extends grpc.ServiceDefinition {
  Open: MethodDefinition<_weir_v1_ExchangeUp, _weir_v1_ExchangeDown, _weir_v1_ExchangeUp__Output, _weir_v1_ExchangeDown__Output>
}
