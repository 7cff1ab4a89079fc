// SPDX-License-Identifier: Apache-2.0

import Files
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
    do throws(Errno) {
      return try Folder(folder).names()
    } catch .noSuchFileOrDirectory, .notDirectory {
      return []
    } catch {
      throw .unreadable(folder, error)
    }
  }
}
