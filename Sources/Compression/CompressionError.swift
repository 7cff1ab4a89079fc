// SPDX-License-Identifier: Apache-2.0

import BinaryFormat

/// Why a stream cannot be unpacked; offsets are bytes from its start.
public enum CompressionError: Error, Hashable, Sendable {
  /// The input ends before the stream does.
  case truncated(CompressionFormat)
  /// The stream breaks a rule of its format, or a checksum is wrong.
  ///
  /// The offset is where reading stopped: at the fault, or after its block.
  case corrupt(CompressionFormat, offset: Int, reason: String)
  /// The stream uses a feature that this package does not handle.
  case unsupported(CompressionFormat, offset: Int, feature: String)
  /// The unpacked size is above ``UnpackingLimits/size``.
  case tooLarge(limit: Int)
  /// The unpacked size is not the declared one; `found` may be less than all when it is more than
  /// declared.
  case otherSize(found: Int, declared: Int)
  /// The decoder needs more memory than ``UnpackingLimits/memory``, or than is accepted for its format.
  case needsMemory(needed: Int, limit: Int)
  /// The machine does not have this much memory.
  case noMemory(needed: Int)
}

extension CompressionError: CustomStringConvertible {
  /// One line: the format, the place, and the rule with the value found.
  public var description: String {
    switch self {
    case .truncated(let format):
      "\(format): the file ends before the compressed stream does"
    case .corrupt(let format, let offset, let reason):
      "\(format): offset \(hex(offset)): \(reason)"
    case .unsupported(let format, let offset, let feature):
      "\(format): offset \(hex(offset)): \(feature) is not handled"
    case .tooLarge(let limit):
      "the unpacked size is above the limit of \(limit) bytes"
    case .otherSize(let found, let declared) where found > declared:
      "the compressed stream holds \(found) bytes or more; \(declared) are declared"
    case .otherSize(let found, let declared):
      "the compressed stream holds \(found) bytes; \(declared) are declared"
    case .needsMemory(let needed, let limit):
      "the compressed stream needs \(needed) bytes of memory to be decoded; the limit is \(limit)"
    case .noMemory(let needed):
      "the compressed stream needs \(needed) bytes of memory, which this machine does not have"
    }
  }
}
