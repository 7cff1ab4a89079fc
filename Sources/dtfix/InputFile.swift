// SPDX-License-Identifier: Apache-2.0

import RunningKernel
import SystemPackage

/// The bytes of a file, and the name that messages call it by.
struct InputFile {
  let name: String
  let bytes: [UInt8]

  init(name: String, bytes: [UInt8]) {
    self.name = name
    self.bytes = bytes
  }

  /// Reads a file, or standard input for `-`.
  init(_ path: String, limit: Int = RunningKernel.treeLimit) throws(Failure) {
    name = path == "-" ? "standard input" : path
    do throws(MachineError) {
      bytes = try readInput(path, limit: limit)
    } catch {
      throw Failure(error)
    }
  }

  /// Copies what was opened elsewhere.
  init(_ name: String, copying bytes: Span<UInt8>) throws(Failure) {
    guard bytes.count <= RunningKernel.treeLimit else {
      throw Failure(.tooLarge(FilePath(name), limit: RunningKernel.treeLimit))
    }
    self.name = name
    self.bytes = unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) }
  }

  /// Whether it begins like an ELF file; no tree does.
  var isELF: Bool { bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46]) }
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
