// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import DeviceTree
import IMA
import KernelImage
import Kexec
import RunningKernel

extension LoadJob {
  /// What a plan hands over: initrd, elfcorehdr, IMA buffer and extras of the set.
  func inputs(for request: KexecRequest) throws(KexecError) -> [KexecRequest.Input] {
    let order = try request.orderOfMeasurements(kernel.image.byteOrder)
    var inputs = initrd.map { [KexecRequest.Input(.initrd, .bytes($0))] } ?? []
    for item in files.items {
      switch item.kind {
      case .initrd, .kernel, .tree, .overlay, .commandLine: continue
      case .extra: inputs.append(.init(.extra(item.name), .bytes(item.bytes)))
      case .input(.imaBuffer):
        let buffer = try Self.measurements(item.bytes, named: item.name, for: order)
        inputs.append(.init(.imaBuffer, .bytes(buffer)))
      case .input(let input): inputs.append(.init(input, .bytes(item.bytes)))
      }
    }
    if options.handsOnMeasurements {
      inputs.append(.init(.imaBuffer, .bytes(try ownMeasurements(for: order))))
    }
    return inputs
  }

  /// The machine's own list as a buffer.
  private func ownMeasurements(for order: ByteOrder) throws(KexecError) -> [UInt8] {
    guard var machine = source.machine else {
      throw KexecError(.usage, "the machine's measurements are requested, but no machine is named")
    }
    machine.read(.measurements)
    let path = "\(machine.kernel.measurementsPath)"
    guard let list = try machine.$measurements.ifPresent else {
      throw KexecError(.notOffered, "\(path): no such file: the kernel measures nothing")
    }
    return try Self.measurements(list, named: path, for: order)
  }

  /// A buffer unchanged, if a kernel restores all of it; a list as a buffer for a kernel with this byte
  /// order.
  private static func measurements(
    _ bytes: [UInt8], named name: String, for order: ByteOrder
  ) throws(KexecError) -> [UInt8] {
    do throws(MeasurementError) {
      guard let own = MeasurementBuffer.byteOrder(of: bytes.span) else {
        let list = try MeasurementList(bytes.span)
        return try MeasurementBuffer(list, for: order).bytes
      }
      guard own == order else {
        throw MeasurementError(offset: 0, number: nil, problem: .otherByteOrder(own))
      }
      if let problem = try RestoredMeasurements(bytes.span, own).problem { throw problem }
      return bytes
    } catch {
      throw KexecError(.malformedInput, "\(name): \(error)")
    }
  }
}

extension KexecRequest {
  /// The byte order in which the next kernel reads measurements: its own, or, on a big-endian one, the
  /// canonical one that its command line may ask for (`ima_fs.c:default_canonical_fmt_setup`).
  fileprivate func orderOfMeasurements(_ order: ByteOrder) -> ByteOrder {
    var line: KernelCommandLine
    switch commandLine {
    case .omitted: return order
    case .given(let given): line = given
    case .ofTree(let words):
      let own = try? tree?.property(ChosenProperty.commandLine, of: ChosenProperty.node)
      line = KernelCommandLine(bytes: Array(own?.bytes.prefix { $0 != 0 } ?? []))
      line.append(words)
    }
    return line.has("ima_canonical_fmt") ? .little : order
  }
}
