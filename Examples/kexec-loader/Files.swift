// SPDX-License-Identifier: Apache-2.0

import Kexec
import Loading
import SystemPackage

/// The bytes of a file.
func contents(of path: FilePath) throws(Failure) -> [UInt8] {
  try withOpenFile(path) { file throws(Failure) in
    try FileSet.contents(of: file, named: path.string)
  }
}

/// Opens a file for as long as `body` reads it.
func withOpenFile<Value>(
  _ path: FilePath, _ body: (FileDescriptor) throws(Failure) -> Value
) throws(Failure) -> Value {
  let file: FileDescriptor
  do {
    // A pipe that nobody writes to is read as empty, and not waited for.
    file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking])
  } catch Errno.noSuchFileOrDirectory, Errno.notDirectory {
    throw Failure(.missingInput, "\(path): no such file")
  } catch Errno.permissionDenied, Errno.notPermitted {
    throw Failure(.noPermission, "\(path): permission denied")
  } catch {
    throw Failure(.inputOutput, "\(path): \(error as? Errno ?? .ioError)")
  }
  defer { try? file.close() }
  return try body(file)
}
