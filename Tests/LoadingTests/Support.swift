// SPDX-License-Identifier: Apache-2.0

import Kexec
import Loading
import RunningKernel
import SystemPackage
import TestSupport
import Testing

/// A captured machine.
func machine(_ name: String) throws -> MachineSnapshot {
  RunningKernel(root: FilePath(try Fixtures.machine(name))).snapshot()
}

/// A set of files, of bytes that are named by their kinds.
func set(_ items: (FileSet.Kind, [UInt8])...) throws -> FileSet {
  var set = FileSet()
  for (kind, bytes) in items { try set.add(kind, bytes, named: "the \(kind)") }
  return set
}

/// Expects a failure of Loading, and that its first line says all of `parts`.
func expectRefusal<Value>(
  _ code: KexecError.Kind, _ parts: String..., sourceLocation: SourceLocation = #_sourceLocation,
  body: () throws -> Value
) {
  let error = #expect(throws: KexecError.self, sourceLocation: sourceLocation) { _ = try body() }
  let line = error?.description.prefix { $0 != "\n" } ?? ""
  #expect(error?.kind == code, "\(line)", sourceLocation: sourceLocation)
  #expect(parts.filter { !line.contains($0) } == [], "\(line)", sourceLocation: sourceLocation)
}

extension FileDescriptor {
  /// Opens a file.
  static func opened(
    _ path: String, _ mode: AccessMode = .readOnly, _ options: OpenOptions = []
  ) throws -> FileDescriptor {
    try open(
      FilePath(path), mode, options: options.union(.closeOnExec), permissions: .ownerReadWrite)
  }
}
