// SPDX-License-Identifier: Apache-2.0

public import CDTFix
import Kexec
import Loading
import SystemPackage

/// What a file-set handle holds.
final class FileSetObject: HandleObject {
  static let typeName = "file set"
  static let mark: UInt64 = 0x6474_6669_785f_6673

  var files = FileSet()
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_file_set_new")
public func dtfix_file_set_new(_ files: HandlePlace?, _ error: HandlePlace?) -> CInt {
  answer(error, files, "files") { FileSetObject() }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_file_set_add")
public func dtfix_file_set_add(
  _ files: OpaquePointer?, _ file: UnsafePointer<dtfix_file>?, _ error: HandlePlace?
) -> CInt {
  answer(error) { () throws(CallFailure) in
    let set = try FileSetObject.of(files)
    let file = try dtfix_file.given(file, "file")
    let kind = try ask { () throws(KexecError) in try unsafe FileSet.Kind(number: file.type) }
    let name = try unsafe textIfAny(file.name, "name") ?? (kind == .extra ? "" : "\(kind)")
    if unsafe file.has_fd != 0 {
      guard unsafe file.bytes == nil, unsafe file.size == 0 else {
        throw .argument("\(name): bytes and a file descriptor: one of them")
      }
      let descriptor = unsafe FileDescriptor(rawValue: file.fd)
      try ask { () throws(KexecError) in try set.files.add(kind, descriptor, named: name) }
    } else {
      let content = try unsafe bytes(file.bytes, file.size, name)
      try ask { () throws(KexecError) in try set.files.add(kind, content, named: name) }
    }
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_file_set_free")
public func dtfix_file_set_free(_ files: HandlePlace?) {
  FileSetObject.free(files)
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_read")
public func dtfix_read(_ fd: CInt, _ buffer: HandlePlace?, _ error: HandlePlace?) -> CInt {
  answer(error, buffer, "buffer") { () throws(CallFailure) in
    let content = try ask { () throws(KexecError) in
      try FileDescriptor(rawValue: fd).contents(named: "dtfix_read", limit: FileSet.sizeLimit)
    }
    return BufferObject(content)
  }
}
