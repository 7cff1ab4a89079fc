// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import RunningKernel
import SystemPackage

/// A tree and the name that messages call it by.
struct TreeFile {
  let name: String
  let tree: DeviceTree

  /// Opens a file, or standard input for `-`.
  init(_ path: String) throws(Failure) {
    try self.init(InputFile(path))
  }

  /// Opens the tree that a machine was booted with.
  init(of machine: RunningKernel) throws(Failure) {
    let bytes: [UInt8]
    do throws(MachineError) {
      bytes = try machine.flatTree()
    } catch {
      let isThere = FileStatus(machine.root.string) != nil
      throw Failure(error, missing: isThere ? .notOffered : .missingInput)
    }
    try self.init(InputFile(name: machine.flatTreePath.string, bytes: bytes))
  }

  /// Opens a tree that has been read.
  init(_ input: InputFile) throws(Failure) {
    name = input.name
    do throws(DeviceTreeError) {
      tree = try DeviceTree(blob: input.bytes)
    } catch {
      throw Failure(error, in: name)
    }
  }
}

/// Reads a file that the user named, which may be a pipe or a device, or standard input for `-`.
func readInput(_ path: String, limit: Int) throws(MachineError) -> [UInt8] {
  guard path == "-" else { return try readFile(FilePath(path), .all, limit: limit) }
  do {
    guard let bytes = try FileDescriptor.standardInput.readAll(limit: limit) else {
      throw MachineError.tooLarge("standard input", limit: limit)
    }
    return bytes
  } catch let error as MachineError {
    throw error
  } catch {
    throw .unreadable("standard input", error as? Errno ?? .ioError)
  }
}
