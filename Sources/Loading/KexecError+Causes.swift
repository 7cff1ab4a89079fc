// SPDX-License-Identifier: Apache-2.0

public import DeviceTree
public import Kexec

extension KexecError {
  /// A file that is not the tree it should be.
  ///
  /// - Parameters:
  ///   - error: why not.
  ///   - file: what messages call it.
  public init(_ error: DeviceTreeError, in file: String) {
    self.init(.malformedInput, "\(file): \(error)")
  }
}
