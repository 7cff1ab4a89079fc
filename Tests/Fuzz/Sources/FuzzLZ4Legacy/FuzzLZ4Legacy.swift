// SPDX-License-Identifier: Apache-2.0

import FuzzCompression

/// Starts libFuzzer.
@_cdecl("fuzz_lz4legacy_main")
public func main(
  _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt {
  startFuzzer(count, arguments, fuzzLZ4Legacy)
}

/// One input of libFuzzer.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzLZ4Legacy(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  fuzzCompression(.lz4Legacy, start, count)
}
