// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What IMA has measured.
extension RunningKernel {
  /// The largest measurement list that is read, in bytes: more than a million measurements. A kernel
  /// hands over no list that is larger than half of the memory (`ima_kexec.c:ima_add_kexec_buffer`).
  static let measurementsLimit = 256 << 20

  /// The measurement list with SHA-1 digests, `binary_runtime_measurements`; nil without IMA, and when
  /// securityfs is not mounted.
  ///
  /// The list grows while it is read, so it is read again until two readings are the same. The kernel's
  /// own count (`runtime_measurements_count`) would be of another moment.
  ///
  /// - Throws: ``MachineError/notPermitted(_:advice:)``, ``MachineError/unsteady(_:attempts:)`` for a
  ///   list that never stops growing, and ``MachineError/tooLarge(_:limit:)`` for more than 256 MiB.
  ///   A kernel whose list is being deleted answers with ``MachineError/unreadable(_:_:)`` (`EBUSY`).
  public func measurements() throws(MachineError) -> [UInt8]? {
    try measurements { _ in }
  }

  /// The same, with at most so many readings after the first, and a call after each.
  package func measurements(
    attempts: Int = 8, afterReading: (Int) -> Void
  ) throws(MachineError) -> [UInt8]? {
    func read() throws(MachineError) -> [UInt8]? {
      try bytes(
        of: measurementsPath, limit: Self.measurementsLimit,
        whenNotPermitted: .measurementsAreForRoot)
    }
    guard var last = try read() else { return nil }
    for attempt in 1...attempts {
      afterReading(attempt)
      guard let bytes = try read() else { return nil }
      guard bytes != last else { return bytes }
      last = bytes
      usleep(UInt32(attempt) * 10_000)
    }
    throw .unsteady(measurementsPath, attempts: attempts)
  }
}
