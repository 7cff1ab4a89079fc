// SPDX-License-Identifier: Apache-2.0

public import DeviceTree
public import Kexec
public import RunningKernel
import SystemPackage

extension KexecError {
  /// A file that cannot be read.
  ///
  /// - Parameters:
  ///   - error: why not.
  ///   - missing: what its absence means.
  public init(_ error: MachineError, missing: Kind = .missingInput) {
    switch error {
    case .missing: self.init(missing, "\(error)")
    case .notPermitted: self.init(.noPermission, "\(error)")
    case .notRegular: self.init(.missingInput, "\(error)")
    case .unreadable(_, let errno):
      self.init(errno == .isDirectory ? .missingInput : .inputOutput, "\(error)")
    case .tooLarge, .malformedLine, .malformed, .malformedTree, .emptyTree:
      self.init(.malformedInput, "\(error)")
    case .unsteady: self.init(.inputOutput, "\(error)")
    }
  }

  /// A file that is not the tree it should be.
  ///
  /// - Parameters:
  ///   - error: why not.
  ///   - file: what messages call it.
  public init(_ error: DeviceTreeError, in file: String) {
    self.init(.malformedInput, "\(file): \(error)")
  }
}
