// SPDX-License-Identifier: Apache-2.0
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

public import CDTFix
import Kexec
import Loading
import SystemPackage

/// The object of a file-set handle.
final class FileSetObject: HandleObject {
  static let typeName = "file set"

  var files = FileSet()
}

@_cdecl("dtfix_file_set_new")
public func dtfix_file_set_new(_ files: Out, _ error: Out) -> CInt {
  call(error, making: files, "files") { FileSetObject() }
}

@_cdecl("dtfix_file_set_add")
public func dtfix_file_set_add(
  _ files: Handle, _ file: UnsafePointer<dtfix_file>?, _ error: Out
) -> CInt {
  call(error) {
    let set = try FileSetObject.of(files)
    let file = try dtfix_file.given(file, "file")
    let kind = try unsafe FileSet.Kind(number: file.type)
    let name = try unsafe textIfAny(file.name, "name") ?? (kind == .extra ? "" : "\(kind)")
    guard unsafe file.has_fd != 0 else {
      let content = try unsafe bytes(file.bytes, file.size, name)
      return try set.files.add(kind, content, named: name)
    }
    guard unsafe file.bytes == nil, unsafe file.size == 0 else {
      throw CallFailure.argument("\(name): both bytes and a file descriptor")
    }
    try set.files.add(kind, FileDescriptor(rawValue: unsafe file.fd), named: name)
  }
}

@_cdecl("dtfix_file_set_free")
public func dtfix_file_set_free(_ files: Out) { FileSetObject.free(files) }

@_cdecl("dtfix_read")
public func dtfix_read(_ fd: CInt, _ buffer: Out, _ error: Out) -> CInt {
  call(error, making: buffer, "buffer") {
    let file = FileDescriptor(rawValue: fd)
    return BufferObject(try file.contents(named: "dtfix_read", limit: FileSet.sizeLimit))
  }
}
