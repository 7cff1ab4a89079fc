// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemPackage

extension RunningKernel {
  /// The text of a small file of /sys; nil when there is no such file.
  func text(
    of path: FilePath, whenNotPermitted advice: MachineError.Advice? = nil
  ) throws(MachineError) -> String? {
    do {
      let bytes = try readFile(path, limit: 1 << 20, whenNotPermitted: advice)
      return String(decoding: bytes, as: UTF8.self)
    } catch .missing {
      return nil
    }
  }

  /// The one line of a file of /sys, without its newline; nil when there is no such file.
  func line(
    of path: FilePath, whenNotPermitted advice: MachineError.Advice? = nil
  ) throws(MachineError) -> String? {
    guard var line = try text(of: path, whenNotPermitted: advice) else { return nil }
    if line.last == "\n" { line.removeLast() }
    return String(line.prefix(80))
  }

  /// The names in a folder, in no order; none when there is no such folder.
  func names(in folder: FilePath) throws(MachineError) -> [String] {
    guard let stream = unsafe opendir(folder.string) else {
      guard errno != ENOENT, errno != ENOTDIR else { return [] }
      throw .unreadable(folder, Errno(rawValue: errno))
    }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) {
        unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      names.append(name)
    }
    return names
  }
}

extension StringProtocol {
  /// Hexadecimal digits, and nothing else, as a number.
  var hexadecimal: UInt64? { allSatisfy(\.isHexDigit) ? UInt64(self, radix: 16) : nil }
  /// Decimal digits, and nothing else, as a number.
  var decimal: UInt64? { allSatisfy(\.isWholeNumber) ? UInt64(self) : nil }
}
