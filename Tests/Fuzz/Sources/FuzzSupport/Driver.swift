// SPDX-License-Identifier: Apache-2.0

/// What libFuzzer calls with each input.
public typealias FuzzTarget = @convention(c) (UnsafePointer<UInt8>, Int) -> CInt

/// Runs libFuzzer with the arguments of the program. SwiftPM starts a program at a function of its
/// own name, so each has one, that calls this; libFuzzer has the rest.
public func runFuzzer(
  _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?,
  _ target: FuzzTarget
) -> CInt {
  var (count, arguments) = (count, arguments)
  return runDriver(&count, &arguments, target)
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
  _ callback: FuzzTarget
) -> CInt

/// The bytes of one input.
public func bytes(_ start: UnsafePointer<UInt8>, _ count: Int) -> [UInt8] {
  Array(UnsafeBufferPointer(start: start, count: count))
}
