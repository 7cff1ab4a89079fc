// SPDX-License-Identifier: Apache-2.0

import FuzzKernel

/// Starts libFuzzer.
@_cdecl("fuzz_zboot_main")
public func main(
  _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt {
  startFuzzer(count, arguments, fuzzZboot)
}

/// One input of libFuzzer: any bytes as an EFI zboot file.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzZboot(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  fuzzKernel([0: [0x4d, 0x5a, 0, 0, 0x7a, 0x69, 0x6d, 0x67]], start, count)
}
