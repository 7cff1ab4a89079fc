// SPDX-License-Identifier: Apache-2.0

import Files
import Kexec
import Loading
import RunningKernel
import SystemPackage

extension TreeFile {
  /// Opens a blob, a live tree's folder or an archive of one; standard input for `-`.
  init(_ path: String) throws(Failure) {
    let status = FileStatus(input: path)
    if path != "-", status?.isFolder == true {
      try self.init(folder: path)
    } else if status?.isRegular == true, (status?.size ?? 0) > RunningKernel.treeLimit {
      // Only an archive is as large as that; it is not copied.
      let file = try mappedFile(path)
      self = try file.withBytes { (bytes) throws(Failure) in
        LiveTree.isArchive(bytes)
          ? try failing { () throws(KexecError) in try TreeFile(archive: bytes, named: file.name)
          }
          : try TreeFile(InputFile(file.name, copying: bytes))
      }
    } else {
      try self.init(InputFile(path))
    }
  }

  /// Opens a tree that has been read.
  init(_ input: InputFile) throws(Failure) {
    self = try failing { () throws(KexecError) in
      try TreeFile(input.bytes, named: input.name)
    }
  }

  private init(folder path: String) throws(Failure) {
    do throws(MachineError) {
      self.init(try LiveTree(folder: FilePath(path)))
    } catch {
      throw Failure(error)
    }
  }
}
