// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import IMA
import KernelImage
import Kexec
import RunningKernel

// The parts of a plan that are handed over as they are.
extension LoadJob {
  /// Adds core header, measurements and extra parts.
  func addParts(to request: inout LoadRequest) throws(LoadingError) {
    request.givenCoreHeader = files.item(.coreHeader)?.bytes
    request.extras = files.items(.extra).map { LoadRequest.Extra(name: $0.name, bytes: $0.bytes) }
    let order = request.kernel.byteOrder
    if let item = files.item(.measurements) {
      request.measurements = try Self.measurements(item.bytes, named: item.name, for: order)
    } else if options.handsOnMeasurements {
      request.measurements = try ownMeasurements(for: order)
    }
  }

  /// The machine's own list as a buffer.
  private func ownMeasurements(for order: ByteOrder) throws(LoadingError) -> [UInt8] {
    guard let machine = source.machine else {
      throw LoadingError(.usage, "a machine's measurements, and no machine is named")
    }
    let path = "\(machine.kernel.measurementsPath)"
    guard let list = try machine.fact({ kernel throws(MachineError) in try kernel.measurements() })
    else { throw LoadingError(.notOffered, "\(path): no such file: the kernel measures nothing") }
    return try Self.measurements(list, named: path, for: order)
  }

  /// A buffer as it is, if a kernel restores all of it; a list as a buffer for a kernel that reads this
  /// byte order.
  private static func measurements(
    _ bytes: [UInt8], named name: String, for order: ByteOrder
  ) throws(LoadingError) -> [UInt8] {
    do throws(MeasurementError) {
      guard let own = MeasurementBuffer.byteOrder(of: bytes.span) else {
        let list = try MeasurementList(bytes.span)
        return try MeasurementBuffer(list, for: order).bytes
      }
      if let problem = try RestoredMeasurements(bytes.span, own).problem { throw problem }
      return bytes
    } catch {
      throw LoadingError(.malformedInput, "\(name): \(error)")
    }
  }
}
