// SPDX-License-Identifier: Apache-2.0

public import ELF

/// A unified kernel image (UKI): a UEFI program with a kernel, its initrd and command line, and more in
/// its sections.
///
/// Source: the UAPI Group's specification of unified kernel images, version 1.0. A section named
/// `.profile` begins a profile; the sections before the first one are the base of all profiles, and a
/// profile's own sections replace those of the same name in the base.
public struct UnifiedImage: Hashable, Sendable {
  /// The sections for one way to boot.
  public struct Profile: Hashable, Sendable {
    /// The description (`ID=…`, `TITLE=…`), a range of the file; nil in an image without profiles.
    public let description: Range<Int>?
    /// The places of the sections in the file by name, in the order of the file; several for `.dtbauto`.
    public let sections: [String: [Range<Int>]]
    /// The kernel, which may be compressed.
    public let kernel: Range<Int>
    /// The initrd: `.initrd`.
    public var initrd: Range<Int>? { sections[".initrd"]?.first }
    /// The command line: `.cmdline`.
    public var commandLine: Range<Int>? { sections[".cmdline"]?.first }
    /// The device tree: `.dtb`.
    public var tree: Range<Int>? { sections[".dtb"]?.first }
    /// Device trees of several machines: `.dtbauto`.
    public var treesByMachine: [Range<Int>] { sections[".dtbauto"] ?? [] }
    /// The system's `/etc/os-release`: `.osrel`.
    public var release: Range<Int>? { sections[".osrel"]?.first }
  }

  /// A section of the image.
  private struct Section: Hashable {
    let name: String
    let range: Range<Int>
  }

  /// The architecture; nil for an unknown one.
  public let machine: Machine?
  /// How many profiles there are: 1 in an image that names none.
  public let profileCount: Int
  /// The sections before the first profile.
  private let base: ArraySlice<Section>
  /// The sections of each profile, its `.profile` first.
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

  /// A profile by number, from 0.
  ///
  /// - Throws: ``ImageError/noProfile(_:count:)``, and ``ImageError/kernels(count:profile:of:)`` for a
  ///   profile without a kernel, or with several.
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
