// SPDX-License-Identifier: Apache-2.0

import BinaryFormat

/// The reason a stream is not unpacked; offsets are bytes from its start.
public enum CompressionError: Error, Hashable, Sendable {
  /// The bytes end before the stream does.
  case truncated(CompressionFormat)
  /// The stream breaks a rule of its format, or a check of its integrity failed.
  ///
  /// The offset is where reading stopped: at the fault, or behind the block that holds it.
  case corrupt(CompressionFormat, offset: Int, reason: String)
  /// The stream uses what its format allows and this package does not handle.
  case unsupported(CompressionFormat, offset: Int, feature: String)
  /// What the stream holds is larger than ``UnpackingLimits/size``.
  case tooLarge(limit: Int)
  /// What the stream holds does not have the size that was declared for it.
  ///
  /// Where more was found than declared, `found` is what there was when reading stopped.
  case otherSize(found: Int, declared: Int)
  /// The decoder needs more memory than ``UnpackingLimits/memory``, or than its format ever may.
  case needsMemory(needed: Int, limit: Int)
  /// The machine has no memory for this many bytes.
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
      "what the compressed stream holds is larger than the limit of \(limit) bytes"
    case .otherSize(let found, let declared) where found > declared:
      "the compressed stream holds \(found) bytes or more; declared are \(declared)"
    case .otherSize(let found, let declared):
      "the compressed stream holds \(found) bytes; declared are \(declared)"
    case .needsMemory(let needed, let limit):
      "the compressed stream needs \(needed) bytes of memory to be decoded; the limit is \(limit)"
    case .noMemory(let needed):
      "the compressed stream needs \(needed) bytes of memory, which this machine does not have"
    }
  }
}
