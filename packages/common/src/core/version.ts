// The version that this code is: what processes tell each other and people. Equal to every package.json's.

export const WEIR_VERSION = '0.1.0'
