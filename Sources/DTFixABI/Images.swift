// SPDX-License-Identifier: Apache-2.0
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

import BinaryFormat
public import CDTFix
import KernelImage

/// The object of an image handle.
@safe final class ImageObject: HandleObject {
  static let typeName = "image"

  private let memory = CMemory()
  private(set) var info = unsafe dtfix_image_info()

  init(_ file: Span<UInt8>, profile: Int) throws(KernelFileError) {
    let opened = try KernelFile(file, profile: profile)
    let image = try opened.image
    let kernel = opened.bytes.copy(of: file)
    func section(_ place: (UnifiedImage.Profile) -> Range<Int>?) -> [UInt8]? {
      opened.profile.flatMap { profile in
        place(profile.places).map { profile.section($0).copy(of: file) }
      }
    }
    unsafe info.is_packed = opened.layers.count > 1 ? 1 : 0
    unsafe info.architecture = memory.text(image.machine)
    unsafe info.layers = memory.text(opened.layers.map(\.name).joined(separator: " > "))
    unsafe info.kernel = memory.copy(kernel)
    unsafe info.kernel_size = kernel.count
    unsafe info.memory_size = image.memorySize
    unsafe info.alignment = image.alignment
    unsafe info.entry = image.entry
    if let initrd = section(\.initrd) {
      unsafe info.initrd = memory.copy(initrd)
      unsafe info.initrd_size = initrd.count
    }
    unsafe info.command_line = section(\.commandLine).map { unsafe memory.text(bytes: $0) }
  }
}

@_cdecl("dtfix_image_open")
public func dtfix_image_open(
  _ file: UnsafeRawPointer?, _ size: Int, _ profile: UInt32, _ image: Out, _ error: Out
) -> CInt {
  call(error, making: image, "image") {
    let file = try bytes(file, size, "file")
    return try ImageObject(file.span, profile: Int(profile))
  }
}

@_cdecl("dtfix_image_info_read")
public func dtfix_image_info_read(
  _ image: Handle, _ info: UnsafeMutablePointer<dtfix_image_info>?, _ error: Out
) -> CInt {
  call(error) { try unsafe ImageObject.of(image).info.fill(info, "info") }
}

@_cdecl("dtfix_image_free")
public func dtfix_image_free(_ image: Out) { ImageObject.free(image) }
