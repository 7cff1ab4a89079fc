// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import Foundation
import IMA
import TestSupport

/// What kernels of Debian have measured, as `Tests/Fixtures/README.md` tells.
let capturedLists = [
  "x86_64-ima-sig", "x86_64-ima-buf", "x86_64-ima-ngv2", "x86_64-ima-sigv2", "x86_64-ima-modsig",
  "x86_64-evm-sig", "x86_64-ima", "x86_64-format", "s390x-ima-sig", "s390x-evm-sig",
  "s390x-canonical-ima-sig", "s390x-canonical-evm-sig",
]

func captured(_ name: String) throws -> [UInt8] {
  try contents(of: Fixtures.measurements() + "/lists/\(name).list")
}

func buffer(_ name: String) throws -> [UInt8] {
  try contents(of: Fixtures.measurements() + "/buffers/\(name).buffer")
}

/// A measurement as bytes: the numbers are spelled out, so that a test can have any in their place.
struct RawEntry {
  var register: UInt32 = 10
  var digest = [UInt8](repeating: 0xaa, count: 20)
  var name = Array("ima-ng".utf8)
  var fields = [Array("sha256:\0".utf8) + Array(0..<32), Array("/file\0".utf8)]
  var after: [UInt8] = []
  var nameSize: UInt32?
  var dataSize: UInt32?

  init(_ name: String = "ima-ng") { self.name = Array(name.utf8) }

  func bytes(_ order: ByteOrder = .little) -> [UInt8] {
    func number(_ value: UInt32) -> [UInt8] {
      let bytes = (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
      return order == .little ? bytes : bytes.reversed()
    }
    let data = fields.flatMap { number(UInt32($0.count)) + $0 } + after
    let head = number(register) + digest + number(nameSize ?? UInt32(name.count)) + name
    return head + number(dataSize ?? UInt32(data.count)) + data
  }
}

/// The error that reading a list throws.
func problem(
  of bytes: [UInt8], _ order: ByteOrder = .little
) -> MeasurementError? {
  do throws(MeasurementError) {
    _ = try MeasurementList(bytes.span, order)
    return nil
  } catch {
    return error
  }
}
