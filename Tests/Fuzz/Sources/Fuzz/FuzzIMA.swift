// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import IMA

/// One input of libFuzzer: any bytes as a measurement list and as a buffer with one. They are refused
/// with an error that names a place in them, or read; what is read, written back, is the same.
func fuzzIMA(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = bytes(start, count)
  for order in [ByteOrder.little, .big] {
    checkList(bytes, order)
    checkBuffer(bytes, order)
  }
  if let list = try? MeasurementList(bytes.span) {
    precondition(list.byteOrder == MeasurementList.byteOrder(of: bytes.span))
  }
  _ = try? RestoredMeasurements(bytes.span)
  return 0
}

private func checkList(_ bytes: [UInt8], _ order: ByteOrder) {
  let list: MeasurementList
  do throws(MeasurementError) {
    list = try MeasurementList(bytes.span, order)
  } catch {
    precondition(0...bytes.count ~= error.offset && error.number ?? 0 > 0)
    precondition(!error.description.isEmpty)
    return
  }
  precondition(list.bytes == bytes, "a list is its measurements, one after the other")
  precondition(list.entries.isEmpty || MeasurementList.byteOrder(of: bytes.span) == order)
  list.entries.forEach(checkReadings)

  guard let buffer = try? MeasurementBuffer(list, for: order) else {
    precondition(list.entries.contains { $0.template == .legacy })
    return
  }
  let bufferBytes = buffer.bytes
  precondition(bufferBytes.count == buffer.size)
  precondition(MeasurementBuffer.byteOrder(of: bufferBytes.span) == order)
  precondition(buffer.segmentSize(pageSize: 4096).map { $0 >= buffer.size + 2048 } == true)
  let segment = bufferBytes + [UInt8](repeating: 0xff, count: 40)
  guard let restored = try? RestoredMeasurements(segment.span, order) else {
    fatalError("own bytes are refused")
  }
  precondition(restored.entries == list.entries && restored.problem == nil)
}

private func checkBuffer(_ bytes: [UInt8], _ order: ByteOrder) {
  let restored: RestoredMeasurements
  do throws(MeasurementError) {
    restored = try RestoredMeasurements(bytes.span, order)
  } catch {
    precondition(error.number == nil && !error.description.isEmpty)
    return
  }
  precondition(MeasurementBuffer.headerSize...bytes.count ~= restored.size)
  precondition(UInt64(restored.entries.count) <= restored.count)
  precondition(restored.entries.allSatisfy { $0.template != .legacy })
  if let problem = restored.problem {
    precondition(problem.number == restored.entries.count + 1 && problem.offset <= restored.size)
  }
  restored.entries.forEach(checkReadings)
}

private func checkReadings(of entry: MeasurementEntry) {
  precondition(entry.fields.count == entry.template.fields.count)
  precondition(entry.template == MeasurementTemplate(named: entry.template.name))
  precondition(entry.nameBytes?.contains(0) != true)
  if let digest = entry.digest { precondition(!digest.algorithm.isEmpty) }
  for field in MeasurementField.allCases {
    if let number = entry.number(field), entry[field]?.count == 4 { precondition(number < 1 << 32) }
  }
}
