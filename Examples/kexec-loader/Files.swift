// SPDX-License-Identifier: Apache-2.0

import CKexec
import Kexec
import Loading
import SystemPackage

extension Arguments {
  /// The files that are named, read: each is opened once, and what is checked is what is loaded.
  func fileSet() throws(Failure) -> FileSet {
    var set = FileSet()
    for (kind, name, path) in files {
      try withOpenFile(FilePath(path)) { file throws(Failure) in
        try set.add(kind, file, named: name)
      }
    }
    if let commandLine {
      try set.add(.commandLine, Array(commandLine.utf8), named: "--command-line")
    }
    return set
  }
}

/// The bytes of a file.
func contents(of path: FilePath) throws(Failure) -> [UInt8] {
  try withOpenFile(path) { file throws(Failure) in
    try FileSet.contents(of: file, named: path.string)
  }
}

private func withOpenFile<Value>(
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

/// A file without a name that nothing can change any more: the kernel reads what was checked. It is there
/// until the program ends.
struct SealedFile {
  let file: FileDescriptor
  let size: Int

  init(_ name: String, _ bytes: [UInt8]) throws(Failure) {
    let number = unsafe bytes.withUnsafeBytes {
      unsafe ckexec_memory_file(name, $0.baseAddress, $0.count)
    }
    guard number >= 0 else {
      throw Failure(.systemCall, "a copy of the \(name): \(Errno(rawValue: -number))")
    }
    (file, size) = (FileDescriptor(rawValue: number), bytes.count)
  }
}
