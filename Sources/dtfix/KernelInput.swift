// SPDX-License-Identifier: Apache-2.0

import KernelImage

/// A kernel that is to be started, and what it brings with it.
struct KernelInput {
  let image: KernelImage
  /// The bytes that the image's segments are ranges of.
  let bytes: [UInt8]
  /// The initrd of a unified kernel image.
  let initrd: [UInt8]?
  /// The command line of a unified kernel image.
  let commandLine: String?
  /// What it brings that is not used.
  let notes: [String]

  /// Opens a file of any format.
  ///
  /// - Parameter profile: which profile of a unified kernel image.
  init(_ path: String, profile: Int) throws(Failure) {
    let input = try MappedFile(path)
    self = try input.withBytes { (bytes) throws(Failure) in
      try KernelInput(bytes, named: input.name, profile: profile)
    }
  }

  private init(_ file: Span<UInt8>, named name: String, profile: Int) throws(Failure) {
    let kernel = try KernelFile(file, named: name, profile: profile)
    image = try kernel.requireImage(named: name)
    bytes = kernel.bytes.copy(of: file)
    func part(_ place: (UnifiedImage.Profile) -> Range<Int>?) -> [UInt8]? {
      kernel.profile.flatMap { profile in
        place(profile.places).map { profile.piece($0).copy(of: file) }
      }
    }
    initrd = part(\.initrd)
    commandLine = part(\.commandLine).map { $0.span.text }
    let hasTree = kernel.profile.map { $0.places.tree != nil || !$0.places.treesByMachine.isEmpty }
    notes = hasTree == true ? ["\(name): its own device tree is not used; -i names one"] : []
  }
}
