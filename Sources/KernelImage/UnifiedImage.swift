// SPDX-License-Identifier: Apache-2.0

public import ELF

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

  /// A section of the image.
  private struct Section: Hashable {
    let name: String
    let range: Range<Int>
  }

  /// The architecture that the image is for.
  public let machine: Machine?
  /// How many profiles there are: 1 in an image that names none.
  public let profileCount: Int
  /// What all profiles have, unless they have their own.
  private let base: ArraySlice<Section>
  /// What each profile has of its own, its `.profile` first.
  private let own: [ArraySlice<Section>]

  /// Reads the headers of an image.
  ///
  /// - Throws: ``ImageError`` for another file, and for a section that is not within it.
  public init(_ file: Span<UInt8>) throws(ImageError) {
    let program = try PEFile(file)
    machine = program.machine
    var sections: [Section] = []
    for section in program.sections {
      let range = try program.range(of: section, in: file)
      sections.append(Section(name: section.name, range: range))
    }
    let starts = sections.indices.filter { sections[$0].name == ".profile" }
    let ends = starts.dropFirst() + [sections.count]
    base = sections[..<(starts.first ?? sections.count)]
    own = starts.isEmpty ? [[]] : zip(starts, ends).map { sections[$0..<$1] }
    profileCount = own.count
  }

  /// A profile, by its place in the file.
  ///
  /// - Throws: ``ImageError/noProfile(_:count:)``, and ``ImageError/kernels(count:profile:of:)`` for a profile that
  ///   has no kernel, or two.
  public func profile(_ number: Int) throws(ImageError) -> Profile {
    guard own.indices.contains(number) else { throw .noProfile(number, count: profileCount) }
    let names = Set(own[number].map(\.name))
    let all = base.filter { !names.contains($0.name) } + own[number]
    let sections = Dictionary(grouping: all, by: \.name).mapValues { $0.map(\.range) }
    let kernels = sections[".linux"] ?? []
    guard let kernel = kernels.first, kernels.count == 1 else {
      throw .kernels(count: kernels.count, profile: number, of: profileCount)
    }
    return Profile(
      description: sections[".profile"]?.first, sections: sections, kernel: kernel)
  }
}
