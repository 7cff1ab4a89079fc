// SPDX-License-Identifier: Apache-2.0

import FuzzCompression

/// Starts libFuzzer.
@_cdecl("fuzz_lzop_main")
public func main(
  _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt {
  startFuzzer(count, arguments, fuzzLZOP)
}

/// One input of libFuzzer.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzLZOP(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  fuzzCompression(.lzop, start, count)
}
