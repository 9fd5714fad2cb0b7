// Original file: proto/weir/v1/control.proto


export interface SlotsLostResponse {
}

export interface SlotsLostResponse__Output {
}
