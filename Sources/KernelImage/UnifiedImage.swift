// SPDX-License-Identifier: Apache-2.0

/// A unified kernel image (UKI): a UEFI program with a kernel, and what it is to be started with, in its
/// sections.
///
/// Source: the UAPI Group's specification of unified kernel images, version 1.0. A section named
/// `.profile` begins a profile; the sections before the first one are the base of all profiles, and a
/// profile's own sections take the place of those of the same name in the base.
public struct UnifiedImage: Hashable, Sendable {
  /// A set of sections that one start of the kernel uses.
  public struct Profile: Hashable, Sendable {
    /// What the profile says of itself (`ID=…`, `TITLE=…`), a range of the file; nil in an image without
    /// profiles.
    public let description: Range<Int>?
    /// Where the contents of each section are in the file, by name, in the order of the file. Several
    /// of a name are several to choose from: `.dtbauto`.
    public let sections: [String: [Range<Int>]]

    /// The kernel, which may be packed.
    public let kernel: Range<Int>
    /// The initrd: `.initrd`.
    public var initrd: Range<Int>? { sections[".initrd"]?.first }
    /// The command line: `.cmdline`.
    public var commandLine: Range<Int>? { sections[".cmdline"]?.first }
    /// The device tree: `.dtb`.
    public var tree: Range<Int>? { sections[".dtb"]?.first }
    /// Device trees to choose from by the machine: `.dtbauto`.
    public var treesByMachine: [Range<Int>] { sections[".dtbauto"] ?? [] }
    /// What the system is called: `.osrel`, as `/etc/os-release`.
    public var release: Range<Int>? { sections[".osrel"]?.first }
    /// The release of the kernel: `.uname`.
    public var kernelRelease: Range<Int>? { sections[".uname"]?.first }
  }

  /// The architecture that the image is for.
  public let machine: Machine?
  /// The profiles, at least one, in the order of the file.
  public let profiles: [Profile]

  /// Reads the headers of an image.
  ///
  /// - Throws: ``ImageError`` for another file, for a section that is not within it, and for a profile
  ///   that has no kernel, or two.
  public init(_ file: Span<UInt8>) throws(ImageError) {
    let program = try PEFile(file)
    machine = program.machine
    var groups: [[(name: String, range: Range<Int>)]] = [[]]
    for section in program.sections {
      let range = try program.range(of: section, in: file)
      if section.name == ".profile" { groups.append([]) }
      groups[groups.count - 1].append((section.name, range))
    }
    let base = groups.removeFirst()
    profiles = try (groups.isEmpty ? [[]] : groups).map { (own) throws(ImageError) in
      try Profile(own, over: base)
    }
  }
}

extension UnifiedImage.Profile {
  fileprivate init(
    _ own: [(name: String, range: Range<Int>)], over base: [(name: String, range: Range<Int>)]
  ) throws(ImageError) {
    let names = Set(own.map(\.name))
    let all = base.filter { !names.contains($0.name) } + own
    sections = Dictionary(grouping: all, by: \.name).mapValues { $0.map(\.range) }
    description = sections[".profile"]?.first
    let kernels = sections[".linux"] ?? []
    guard let kernel = kernels.first, kernels.count == 1 else {
      throw .unsupported("a unified image with \(kernels.count) kernels in a profile")
    }
    self.kernel = kernel
  }
}
