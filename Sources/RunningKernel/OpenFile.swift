// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import SystemPackage

/// Opens a file for as long as `body` reads from it, and says of every failure which file it was.
///
/// - Parameters:
///   - missing: what to do when the file is missing.
///   - notPermitted: what to do when it is closed to this process.
func withFile<Value>(
  _ path: FilePath, whenMissing missing: MachineError.Advice? = nil,
  whenNotPermitted notPermitted: MachineError.Advice? = nil,
  _ body: (FileDescriptor) throws -> Value
) throws(MachineError) -> Value {
  do {
    let file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec])
    return try file.closeAfter { try body(file) }
  } catch Errno.noSuchFileOrDirectory, Errno.notDirectory {
    throw .missing(path, advice: missing)
  } catch Errno.permissionDenied, Errno.notPermitted {
    throw .notPermitted(path, advice: notPermitted)
  } catch let error as Errno {
    throw .unreadable(path, error)
  } catch let error as FormatError {
    throw .malformed(path, error)
  } catch let error as MachineError {
    throw error
  } catch {
    throw .unreadable(path, .ioError)
  }
}
