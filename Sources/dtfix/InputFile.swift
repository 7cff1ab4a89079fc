// SPDX-License-Identifier: Apache-2.0

import Files
import Kexec
import Loading
import RunningKernel
import SystemPackage

/// The bytes of a file, and its name in messages.
struct InputFile {
  let name: String
  let bytes: [UInt8]

  /// Reads a file, or standard input for `-`.
  init(_ path: String, limit: Int = RunningKernel.treeLimit) throws(Failure) {
    name = path == "-" ? "standard input" : path
    bytes = try reading { () throws(MachineError) in
      try readFile(FilePath(path), .all, limit: limit)
    }
  }

  /// Copies a mapped file.
  init(_ name: String, copying bytes: Span<UInt8>) throws(Failure) {
    guard bytes.count <= RunningKernel.treeLimit else {
      throw Failure(.tooLarge(FilePath(name), limit: RunningKernel.treeLimit))
    }
    self.name = name
    self.bytes = unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) }
  }
}

/// Opens a file of any size, or standard input for `-`.
///
/// - Parameter pipeLimit: the most bytes that are read from a pipe.
func mappedFile(_ path: String, pipeLimit: Int = 1 << 30) throws(Failure) -> MappedFile {
  try reading { () throws(MachineError) in
    try withFile(FilePath(path), .all) { file in
      guard let mapped = try MappedFile(file, limit: pipeLimit) else {
        throw MachineError.tooLarge(file.name, limit: pipeLimit)
      }
      return mapped
    }
  }
}

extension TreeFile {
  /// Opens a blob, a live tree's folder or an archive of one; standard input for `-`.
  init(_ path: String) throws(Failure) {
    let status = FileStatus(input: path)
    if path != "-", status?.isFolder == true {
      self = try reading { () throws(MachineError) in
        TreeFile(try LiveTree(folder: FilePath(path)))
      }
    } else if status?.isRegular == true, (status?.size ?? 0) > RunningKernel.treeLimit {
      // Only an archive is as large as that; it is not copied.
      let file = try mappedFile(path)
      self = try file.withBytes { (bytes) throws(Failure) in
        LiveTree.isArchive(bytes)
          ? try TreeFile(mapped: bytes, named: file.name)
          : try TreeFile(InputFile(file.name, copying: bytes))
      }
    } else {
      try self.init(InputFile(path))
    }
  }

  /// Opens an archive that is mapped.
  init(mapped archive: Span<UInt8>, named name: String) throws(Failure) {
    self = try failing { () throws(KexecError) in try TreeFile(archive: archive, named: name) }
  }

  /// Opens a tree that has been read.
  init(_ input: InputFile) throws(Failure) {
    self = try failing { () throws(KexecError) in try TreeFile(input.bytes, named: input.name) }
  }
}
