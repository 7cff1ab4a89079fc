// SPDX-License-Identifier: Apache-2.0

import FuzzKernel

/// Starts libFuzzer.
@_cdecl("fuzz_image_main")
public func main(
  _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt {
  startFuzzer(count, arguments, fuzzImage)
}

/// One input of libFuzzer: any bytes, whatever format they have.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzImage(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  fuzzKernel([:], start, count)
}
