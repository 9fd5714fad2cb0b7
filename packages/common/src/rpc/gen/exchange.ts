import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { Document as _weir_v1_Document, Document__Output as _weir_v1_Document__Output } from './weir/v1/Document.ts';
import type { ExchangeCredit as _weir_v1_ExchangeCredit, ExchangeCredit__Output as _weir_v1_ExchangeCredit__Output } from './weir/v1/ExchangeCredit.ts';
import type { ExchangeDown as _weir_v1_ExchangeDown, ExchangeDown__Output as _weir_v1_ExchangeDown__Output } from './weir/v1/ExchangeDown.ts';
import type { ExchangeFrame as _weir_v1_ExchangeFrame, ExchangeFrame__Output as _weir_v1_ExchangeFrame__Output } from './weir/v1/ExchangeFrame.ts';
import type { ExchangeOpen as _weir_v1_ExchangeOpen, ExchangeOpen__Output as _weir_v1_ExchangeOpen__Output } from './weir/v1/ExchangeOpen.ts';
import type { ExchangeServiceClient as _weir_v1_ExchangeServiceClient, ExchangeServiceDefinition as _weir_v1_ExchangeServiceDefinition } from './weir/v1/ExchangeService.ts';
import type { ExchangeUp as _weir_v1_ExchangeUp, ExchangeUp__Output as _weir_v1_ExchangeUp__Output } from './weir/v1/ExchangeUp.ts';
import type { Failure as _weir_v1_Failure, Failure__Output as _weir_v1_Failure__Output } from './weir/v1/Failure.ts';
import type { Fence as _weir_v1_Fence, Fence__Output as _weir_v1_Fence__Output } from './weir/v1/Fence.ts';
import type { Header as _weir_v1_Header, Header__Output as _weir_v1_Header__Output } from './weir/v1/Header.ts';
import type { TaskId as _weir_v1_TaskId, TaskId__Output as _weir_v1_TaskId__Output } from './weir/v1/TaskId.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  weir: {
    v1: {
      Document: MessageTypeDefinition<_weir_v1_Document, _weir_v1_Document__Output>
      ErrorDomain: EnumTypeDefinition
      ExchangeCredit: MessageTypeDefinition<_weir_v1_ExchangeCredit, _weir_v1_ExchangeCredit__Output>
      ExchangeDown: MessageTypeDefinition<_weir_v1_ExchangeDown, _weir_v1_ExchangeDown__Output>
      ExchangeFrame: MessageTypeDefinition<_weir_v1_ExchangeFrame, _weir_v1_ExchangeFrame__Output>
      ExchangeOpen: MessageTypeDefinition<_weir_v1_ExchangeOpen, _weir_v1_ExchangeOpen__Output>
      ExchangeService: SubtypeConstructor<typeof grpc.Client, _weir_v1_ExchangeServiceClient> & { service: _weir_v1_ExchangeServiceDefinition }
      ExchangeUp: MessageTypeDefinition<_weir_v1_ExchangeUp, _weir_v1_ExchangeUp__Output>
      Failure: MessageTypeDefinition<_weir_v1_Failure, _weir_v1_Failure__Output>
      Fence: MessageTypeDefinition<_weir_v1_Fence, _weir_v1_Fence__Output>
      Header: MessageTypeDefinition<_weir_v1_Header, _weir_v1_Header__Output>
      OutputStream: EnumTypeDefinition
      RetryHint: EnumTypeDefinition
      TaskId: MessageTypeDefinition<_weir_v1_TaskId, _weir_v1_TaskId__Output>
    }
  }
}

