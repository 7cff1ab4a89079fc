// SPDX-License-Identifier: Apache-2.0

public import BinaryFormat

/// Why bytes are no measurement list, or no buffer that a kernel restores one from.
public struct MeasurementError: Error, Hashable, Sendable {
  /// The place, in bytes from the start of the list or buffer.
  public let offset: Int
  /// The number of the measurement, from 1; nil for an error of the whole.
  public let number: Int?
  /// The error.
  public let problem: Problem

  package init(offset: Int, number: Int?, problem: Problem) {
    self.offset = offset
    self.number = number
    self.problem = problem
  }

  /// An error of a list or a buffer.
  public enum Problem: Hashable, Sendable {
    /// A part, by name, has more bytes than are left.
    case endsInside(String, size: UInt64, left: Int)
    /// No TPM and no policy has this PCR.
    case register(UInt32)
    /// A template's name is empty, or longer than kernels allow.
    case nameSize(UInt32)
    /// Neither a template of kernels nor a format has this name.
    case template(String)
    /// The name of a file is longer than the template allows.
    case fileNameSize(UInt32)
    /// Bytes follow the last field of the data.
    case afterFields(Int)
    /// A measurement in the template of the first kernels, which is not restored.
    case legacyTemplate
    /// The first bytes are no measurement in either byte order.
    case noList
    /// The list is in this byte order, and the next kernel reads the other one.
    case otherByteOrder(ByteOrder)
    /// The version of a buffer is not 1.
    case version(UInt16)
    /// A buffer states this size of header and list, with room for `of` bytes.
    case bufferSize(UInt64, of: Int)
    /// The buffer counts more measurements than a kernel does.
    case count(UInt64)
    /// Bytes follow the last measurement that the buffer counts.
    case afterList(count: UInt64, left: Int)
  }
}

extension MeasurementError: CustomStringConvertible {
  /// One line: the place, what was found, and the rule.
  public var description: String {
    let place = "offset \(hex(offset)): "
    return place + (number.map { "measurement \($0): " } ?? "") + problem.description
  }
}

extension MeasurementError.Problem: CustomStringConvertible {
  /// What was found, and the rule.
  public var description: String {
    switch self {
    case .endsInside(let part, let size, let left):
      "\(part) has \(bytes(size)), and \(left) are left"
    case .register(let number):
      "PCR \(number); policies have 0 to \(MeasurementList.lastRegister)"
    case .nameSize(let size):
      "the template's name has \(bytes(size)); kernels take 1 to \(MeasurementTemplate.longestName)"
    case .template(let name):
      "kernels have no template \"\(visible(name))\", and it is no format of fields"
    case .fileNameSize(let size):
      "the file's name has \(size) bytes; template ima has up to \(MeasurementList.longestFileName)"
    case .afterFields(let count): "\(bytes(count)) after the last field of its template"
    case .legacyTemplate: "template ima; kernels restore only lists without it"
    case .noList: "no measurement begins like this, in either byte order"
    case .otherByteOrder(let order):
      "the list is \(order == .little ? "little" : "big")-endian, and the next kernel reads the other "
        + "byte order; digests are made of bytes in this order, so turning them would make another list"
    case .version(let version): "version \(version) of a measurement buffer; kernels read version 1"
    case .bufferSize(let size, let room):
      "header and list are \(bytes(size)); the rule is \(MeasurementBuffer.headerSize) to \(room), which "
        + "is what there is"
    case .count(let count): "\(count) measurements; kernels count to \(UInt64.max - 1)"
    case .afterList(let count, let left):
      "\(bytes(left)) after it, and it is the last of \(count); kernels do not restore it"
    }
  }
}

/// A name on one line, whatever bytes it has.
private func visible(_ name: String) -> String {
  name.unicodeScalars.map { $0.escaped(asASCII: true) }.joined()
}

/// A number of bytes.
private func bytes(_ count: some BinaryInteger) -> String {
  "\(count) byte\(count == 1 ? "" : "s")"
}
