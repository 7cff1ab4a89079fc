// SPDX-License-Identifier: Apache-2.0

import FuzzKernel

/// Starts libFuzzer.
@_cdecl("fuzz_uki_main")
public func main(
  _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt {
  startFuzzer(count, arguments, fuzzUKI)
}

/// One input of libFuzzer: any bytes as a UEFI program with sections.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzUKI(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  fuzzKernel([0: [0x4d, 0x5a], 60: [64, 0, 0, 0], 64: [0x50, 0x45, 0, 0]], start, count)
}
