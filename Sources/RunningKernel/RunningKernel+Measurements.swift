// SPDX-License-Identifier: Apache-2.0

import Glibc
public import SystemPackage

/// What a kernel has measured (IMA).
extension RunningKernel {
  /// The largest measurement list that is read, in bytes: more than a million measurements. A kernel
  /// hands over no list that is larger than half of the memory (`ima_kexec.c:ima_add_kexec_buffer`).
  public static let measurementsLimit = 256 << 20

  /// Where ``measurements()`` comes from.
  public var measurementsPath: FilePath {
    path("sys/kernel/security/ima/binary_runtime_measurements")
  }

  /// The measurement list, as the kernel serves it: `binary_runtime_measurements` with SHA-1 digests;
  /// nil when there is none: no IMA, or no securityfs mounted.
  ///
  /// The list grows while it is read. It is read again until two readings are the same, so it is whole;
  /// and what is counted is what is in it, since the kernel's own count
  /// (`runtime_measurements_count`) is of another moment.
  ///
  /// - Throws: ``MachineError/notPermitted(_:advice:)``, ``MachineError/unsteady(_:attempts:)`` for a
  ///   list that never stops growing, and ``MachineError/tooLarge(_:limit:)`` for more than
  ///   ``measurementsLimit`` bytes. A kernel whose list is being deleted answers with
  ///   ``MachineError/unreadable(_:_:)`` (`EBUSY`).
  public func measurements() throws(MachineError) -> [UInt8]? {
    try measurements { _ in }
  }

  /// - Parameters:
  ///   - attempts: how often a list that changes meanwhile is read again.
  ///   - afterReading: called after each reading, with its number.
  package func measurements(
    attempts: Int = 8, afterReading: (Int) -> Void
  ) throws(MachineError) -> [UInt8]? {
    guard var last = try readMeasurements() else { return nil }
    for attempt in 1...attempts {
      afterReading(attempt)
      guard let bytes = try readMeasurements() else { return nil }
      guard bytes != last else { return bytes }
      last = bytes
      usleep(UInt32(attempt) * 10_000)
    }
    throw .unsteady(measurementsPath, attempts: attempts)
  }

  private func readMeasurements() throws(MachineError) -> [UInt8]? {
    do {
      return try readFile(
        measurementsPath, limit: Self.measurementsLimit, whenNotPermitted: .measurementsAreForRoot)
    } catch .missing {
      return nil
    }
  }
}
