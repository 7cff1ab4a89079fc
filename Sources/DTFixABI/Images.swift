// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
public import CDTFix
import KernelImage
import Kexec
import Loading

/// What an image handle holds.
final class ImageObject: HandleObject, Sendable {
  static let typeName = "image"
  static let mark: UInt64 = 0x6474_6669_785f_696d

  let image: KernelImage
  let architecture: CText
  let layers: CText
  let isPacked: Bool
  let kernel: CBytes
  let initrd: CBytes?
  let commandLine: CText?

  init(_ file: Span<UInt8>, profile: Int) throws(KernelFileError) {
    let opened = try KernelFile(file, profile: profile)
    image = try opened.image
    architecture = CText("\(image.machine)")
    layers = CText(opened.layers.map(\.name).joined(separator: " > "))
    isPacked = opened.layers.count > 1
    kernel = CBytes(opened.bytes.copy(of: file))
    func part(_ place: (UnifiedImage.Profile) -> Range<Int>?) -> [UInt8]? {
      opened.profile.flatMap { profile in
        place(profile.places).map { profile.section($0).copy(of: file) }
      }
    }
    initrd = part(\.initrd).map(CBytes.init)
    commandLine = part(\.commandLine).map { CText($0) }
  }

  var filled: dtfix_image_info {
    var info = unsafe dtfix_image_info()
    unsafe info.is_packed = isPacked ? 1 : 0
    unsafe info.architecture = architecture.start
    unsafe info.layers = layers.start
    unsafe info.kernel = UnsafeRawPointer(kernel.start)
    unsafe info.kernel_size = kernel.count
    unsafe info.memory_size = image.memorySize
    unsafe info.alignment = image.alignment
    unsafe info.entry = image.entry
    unsafe info.initrd = initrd.map { unsafe UnsafeRawPointer($0.start) }
    unsafe info.initrd_size = initrd?.count ?? 0
    unsafe info.command_line = commandLine?.start
    return unsafe info
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_image_open")
public func dtfix_image_open(
  _ file: UnsafeRawPointer?, _ size: Int, _ profile: UInt32, _ image: HandlePlace?,
  _ error: HandlePlace?
) -> CInt {
  answer(error, image, "image") { () throws(CallFailure) in
    let file = try bytes(file, size, "file")
    do throws(KernelFileError) {
      return try ImageObject(file.span, profile: Int(profile))
    } catch {
      throw CallFailure(KexecError.Kind(error), "\(error)")
    }
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_image_info_read")
public func dtfix_image_info_read(
  _ image: OpaquePointer?, _ info: UnsafeMutablePointer<dtfix_image_info>?, _ error: HandlePlace?
) -> CInt {
  answer(error) { () throws(CallFailure) in
    try unsafe ImageObject.of(image).filled.fill(info, "info")
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_image_free")
public func dtfix_image_free(_ image: HandlePlace?) {
  ImageObject.free(image)
}
