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
    let name = path == "-" ? "standard input" : path
    let bytes: [UInt8]
    do throws(MachineError) {
      bytes = try readInput(path, limit: RunningKernel.treeLimit)
    } catch {
      throw Failure(error)
    }
    try self.init(name, bytes)
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
    try self.init(machine.flatTreePath.string, bytes)
  }

  private init(_ name: String, _ bytes: [UInt8]) throws(Failure) {
    self.name = name
    do throws(DeviceTreeError) {
      tree = try DeviceTree(blob: bytes)
    } catch {
      throw Failure(error, in: name)
    }
  }
}

/// Reads a file, or standard input for `-`.
func readInput(_ path: String, limit: Int) throws(MachineError) -> [UInt8] {
  guard path == "-" else { return try readFile(FilePath(path), limit: limit) }
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
