// SPDX-License-Identifier: Apache-2.0

public import BinaryFormat
public import Compression
public import ELF

/// Why a file is no kernel that can be loaded; offsets are bytes from the start of its layer.
public enum ImageError: Error, Hashable, Sendable {
  /// A layer is not in its format.
  case format(FormatError)
  /// A layer cannot be unpacked.
  case compression(CompressionError)
  /// A field has a value that breaks a rule.
  case field(String, offset: Int, value: UInt64, rule: String)
  /// A part is not within the file, which has `fileSize` bytes.
  case outside(String, offset: UInt64, size: UInt64, fileSize: Int)
  /// Two segments overlap; their physical addresses.
  case overlap(UInt64, UInt64)
  /// The kernel is for another architecture than the file around it.
  case otherMachine(Machine, expected: Machine)
  /// Bytes follow the compressed stream, from this offset on.
  case trailingBytes(offset: Int)
  /// A layer is of a format that the outer ones must not hold.
  case nested(FileFormat, within: FileFormat)
  /// The file is empty.
  case empty
  /// It is of no known format of kernels.
  case notKernel
  /// It is of a format that is not loaded here.
  case notLoaded(FileFormat)
  /// It is a 32-bit kernel.
  case thirtyTwoBit
  /// The compression of a zboot file is unknown; nil for a malformed name.
  case packedBy(String?)
  /// A unified image has no profile of this number, but `count` others.
  case noProfile(Int, count: Int)
  /// A profile of a unified image has no kernel, or several; `of` is the number of profiles.
  case kernels(count: Int, profile: Int, of: Int)
}

/// Why a file is no kernel that can be loaded, and in which layer.
public struct KernelFileError: Error, Hashable, Sendable {
  /// The layers that were opened, outermost first; the last one is the bad one. Empty for an unknown
  /// format.
  public let layers: [FileFormat]
  /// What is wrong with it.
  public let reason: ImageError
}

extension ImageError: CustomStringConvertible {
  /// One line: where, what was found, what the rule is.
  public var description: String {
    switch self {
    case .format(let error): "\(error)"
    case .compression(let error): "\(error)"
    case .field(let name, let offset, let value, let rule):
      "offset \(hex(offset)): \(name) is \(hex(value)): \(rule)"
    case .outside(let what, let offset, let size, let fileSize):
      "\(what): \(hex(size)) bytes at \(hex(offset)) are not within its \(hex(fileSize)) bytes"
    case .overlap(let first, let second):
      "the segments at \(hex(first)) and \(hex(second)) overlap"
    case .otherMachine(let machine, let expected):
      "a kernel for \(machine) in a file for \(expected)"
    case .trailingBytes(let offset): "offset \(hex(offset)): bytes after the end of the stream"
    case .nested(let inner, let outer): "\(inner) within \(outer)"
    case .empty: "an empty file"
    case .notKernel: "not a kernel"
    case .notLoaded: "kexec of such a file is not supported"
    case .thirtyTwoBit: "a 32-bit kernel, which is not supported"
    case .packedBy(let type?): "unknown compression \"\(type)\""
    case .packedBy(nil): "the name of the compression is malformed"
    case .noProfile(let number, let count): "there is no profile \(number), only 0 to \(count - 1)"
    case .kernels(let count, let profile, let all):
      "\(all > 1 ? "profile \(profile) of 0 to \(all - 1) has" : "it has") \(count) kernels (.linux), not 1"
    }
  }
}

extension KernelFileError: CustomStringConvertible {
  /// One line: the layers, then the reason.
  public var description: String {
    (layers.map(\.description) + [reason.description]).joined(separator: ": ")
  }
}

extension Span<UInt8> {
  /// A field of a header; little-endian but for ELF files.
  func field<Value: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _ type: Value.Type = Value.self, at offset: Int, _ order: ByteOrder = .little
  ) throws(ImageError) -> Value {
    try formatted { () throws(FormatError) in try integer(at: offset, order) }
  }
}

/// Carries the errors of a reader.
func formatted<Value>(_ read: () throws(FormatError) -> Value) throws(ImageError) -> Value {
  do throws(FormatError) { return try read() } catch { throw .format(error) }
}
