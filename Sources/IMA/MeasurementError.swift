// SPDX-License-Identifier: Apache-2.0

public import BinaryFormat

/// The reason bytes are no measurement list, or no buffer that a kernel restores one from.
public struct MeasurementError: Error, Hashable, Sendable {
  /// Where it is, in bytes from the start of the list or buffer.
  public let offset: Int
  /// The number of the measurement, from 1; nil for what is wrong with the whole.
  public let number: Int?
  /// What is wrong.
  public let problem: Problem

  package init(offset: Int, number: Int?, problem: Problem) {
    self.offset = offset
    self.number = number
    self.problem = problem
  }

  /// What is wrong with a list or a buffer.
  public enum Problem: Hashable, Sendable {
    /// A part has more bytes than are left.
    case endsInside(Part, size: UInt64, left: Int)
    /// A register that no TPM and no policy has.
    case register(UInt32)
    /// A template's name without bytes, or with more than a kernel takes.
    case nameSize(UInt32)
    /// The name of a template that kernels do not have, and no format either.
    case template(String)
    /// The name of a file has more bytes than the template has room for.
    case fileNameSize(UInt32)
    /// There are bytes behind the last field of the data.
    case behindFields(Int)
    /// A measurement in the template of the first kernels, which is not restored.
    case legacyTemplate
    /// The first bytes are no measurement in either byte order.
    case noList
    /// The list is in this byte order, the next kernel reads the other one.
    case otherByteOrder(ByteOrder)
    /// The version of a buffer that is not 1.
    case version(UInt16)
    /// The buffer says that its header and list are so many bytes, and it has others.
    case bufferSize(UInt64, of: Int)
    /// The buffer counts more measurements than a kernel does.
    case count(UInt64)
    /// There are bytes behind the last measurement that the buffer counts.
    case behindList(count: UInt64, left: Int)
  }

  /// A part of a measurement.
  public enum Part: Hashable, Sendable {
    /// The header of a buffer.
    case header
    /// The number of the PCR.
    case register
    /// The digest of the template's data.
    case templateDigest
    /// The size of the template's name.
    case templateNameSize
    /// The template's name.
    case templateName
    /// The size of the data.
    case dataSize
    /// The data.
    case data
    /// The size of a field of the data.
    case fieldSize(MeasurementField)
    /// A field of the data.
    case field(MeasurementField)
  }
}

extension MeasurementError: CustomStringConvertible {
  /// One line: where, what was found, what the rule is.
  public var description: String {
    let place = "offset \(hex(offset)): "
    return place + (number.map { "measurement \($0): " } ?? "") + problem.description
  }
}

extension MeasurementError.Problem: CustomStringConvertible {
  /// What was found, and what the rule is.
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
    case .behindFields(let count): "\(bytes(count)) behind the last field of its template"
    case .legacyTemplate: "template ima; kernels restore only lists without it"
    case .noList: "no measurement begins like this, in either byte order"
    case .otherByteOrder(let order):
      "the list is \(order.name), and the next kernel reads the other byte order; digests are made of "
        + "bytes in this order, so turning them would make another list"
    case .version(let version): "version \(version) of a measurement buffer; kernels read version 1"
    case .bufferSize(let size, let room):
      "header and list are \(bytes(size)); the rule is \(MeasurementBuffer.headerSize) to \(room), which "
        + "is what there is"
    case .count(let count): "\(count) measurements; kernels count to \(UInt64.max - 1)"
    case .behindList(let count, let left):
      "\(bytes(left)) behind it, and it is the last of \(count); kernels do not restore it"
    }
  }
}

extension MeasurementError.Part: CustomStringConvertible {
  /// As messages call it.
  public var description: String {
    switch self {
    case .header: "the header"
    case .register: "the number of the PCR"
    case .templateDigest: "the template digest"
    case .templateNameSize: "the size of the template's name"
    case .templateName: "the template's name"
    case .dataSize: "the size of the data"
    case .data: "the data"
    case .fieldSize(let field): "the size of field \(field.rawValue)"
    case .field(let field): "field \(field.rawValue)"
    }
  }
}

/// A name on one line, whatever bytes a list has in its place.
private func visible(_ name: String) -> String {
  name.unicodeScalars.map { $0.escaped(asASCII: true) }.joined()
}

/// A number of bytes.
private func bytes(_ count: some BinaryInteger) -> String {
  "\(count) byte\(count == 1 ? "" : "s")"
}

extension ByteOrder {
  /// As messages call it.
  var name: String { self == .little ? "little-endian" : "big-endian" }
}
