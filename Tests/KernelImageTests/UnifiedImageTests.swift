// SPDX-License-Identifier: Apache-2.0

import ELF
import KernelImage
import TestSupport
import Testing

@Suite struct `A unified kernel image` {
  @Test func `names its parts`() throws {
    let kernel = KernelBuilder.arm64Image()
    let parts: [(String, [UInt8])] = [
      (".osrel", Array("ID=debian\n".utf8)), (".cmdline", Array("quiet\0".utf8)),
      (".uname", Array("6.12".utf8)), (".dtb", [1, 2, 3]), (".dtbauto", [4]), (".dtbauto", [5, 6]),
      (".initrd", [7, 8, 9]), (".linux", kernel),
    ]
    let bytes = KernelBuilder.program(sections: parts)
    let image = try UnifiedImage(bytes.span)
    let profile = try image.profile(0)

    func content(_ range: Range<Int>?) -> [UInt8]? { range.map { Array(bytes[$0]) } }
    #expect(FileFormat(recognizing: bytes.span) == .unifiedImage)
    #expect(image.machine == .arm64)
    #expect(image.profileCount == 1)
    #expect(content(profile.kernel) == kernel)
    #expect(content(profile.initrd) == [7, 8, 9])
    #expect(content(profile.commandLine) == parts[1].1)
    #expect(content(profile.tree) == [1, 2, 3])
    #expect(profile.treesByMachine.map { content($0) } == [[4], [5, 6]])
    #expect(content(profile.release) == parts[0].1)
    #expect(content(profile.sections[".uname"]?.first) == parts[2].1)
    #expect(profile.description == nil)
  }

  /// UAPI Group, unified kernel images, "Multi-profile UKIs".
  @Test func `has profiles, each over a base`() throws {
    let bytes = KernelBuilder.program(sections: [
      (".linux", [1]), (".cmdline", [2]), (".initrd", [3]), (".profile", [10]), (".cmdline", [11]),
      (".profile", [20]), (".linux", [21]), (".profile", [30]),
    ])
    let image = try UnifiedImage(bytes.span)
    let profiles = try (0..<image.profileCount).map { try image.profile($0) }

    func contents(_ range: (UnifiedImage.Profile) -> Range<Int>?) -> [UInt8?] {
      profiles.map { range($0).map { bytes[$0.lowerBound] } }
    }
    #expect(contents(\.description) == [10, 20, 30])
    #expect(contents(\.kernel) == [1, 21, 1])
    #expect(contents(\.commandLine) == [11, 2, 2])
    #expect(contents(\.initrd) == [3, 3, 3])
  }

  @Test(arguments: [
    ([".linux", ".linux"], 0, 2), ([".profile", ".linux", ".profile"], 1, 0),
    ([".linux", ".profile", ".linux", ".linux"], 0, 2),
  ])
  func `has one kernel in the requested profile`(
    names: [String], number: Int, count: Int
  ) throws {
    let bytes = KernelBuilder.program(sections: names.map { ($0, [1]) })
    let image = try UnifiedImage(bytes.span)

    #expect(throws: ImageError.kernels(count: count, profile: number, of: image.profileCount)) {
      try image.profile(number)
    }
    #expect(throws: ImageError.noProfile(2, count: image.profileCount)) { try image.profile(2) }
    #expect(throws: ImageError.noProfile(-1, count: image.profileCount)) { try image.profile(-1) }
    if names == [".profile", ".linux", ".profile"] {
      #expect(try image.profile(0).kernel.count == 1)
    }
  }

  /// Profiles share what they have in common.
  @Test func `takes time that grows with its sections`() throws {
    func seconds(_ count: Int) throws -> Double {
      let names = Array(repeating: ".cmdline", count: count) + [".linux"]
      let bytes = KernelBuilder.program(
        sections: (names + Array(repeating: ".profile", count: count)).map { ($0, []) })
      return try processorSeconds { _ = try UnifiedImage(bytes.span).profile(count - 1) }
    }

    #expect(try seconds(16_000) < 40 * seconds(2000) + 0.05)
  }

  /// Section header: virtual size at 8, raw size at 16, raw offset at 20.
  @Test(arguments: [(16, 8, true), (8, 8, true), (20, 20, false)] as [(Int, Int, Bool)])
  func `has its parts within the file`(field: Int, other: Int, isGood: Bool) {
    var bytes = KernelBuilder.program(sections: [(".linux", [1, 2, 3])])
    let section = 64 + 24 + 240
    bytes.replaceSubrange(
      section + field..<section + field + 4, with: KernelBuilder.little(UInt32.max))

    // One size alone may be too large: the smaller one counts.
    #expect(((try? UnifiedImage(bytes.span)) != nil) == isGood)
    bytes.replaceSubrange(
      section + other..<section + other + 4, with: KernelBuilder.little(UInt32.max))
    bytes.replaceSubrange(section + 16..<section + 20, with: KernelBuilder.little(UInt32.max))
    bytes.replaceSubrange(section + 8..<section + 12, with: KernelBuilder.little(UInt32.max))
    #expect(throws: ImageError.self) { try UnifiedImage(bytes.span) }
  }

  /// A name is printed, and must not be more than a name.
  @Test func `has names of visible characters`() throws {
    let bytes = KernelBuilder.program(sections: [(".linux", [1]), ("\u{1b}\n x", [2])])
    let profile = try UnifiedImage(bytes.span).profile(0)

    #expect(profile.sections.keys.sorted() == [".linux", "???x"].sorted())
  }

  @Test(arguments: [(60, UInt32.max), (60, 1000), (60, 0)] as [(Int, UInt32)])
  func `has its tables within the file`(offset: Int, value: UInt32) {
    var bytes = KernelBuilder.program(sections: [(".linux", [1, 2, 3])])
    bytes.replaceSubrange(offset..<offset + 4, with: KernelBuilder.little(value))

    #expect(throws: ImageError.self) { try UnifiedImage(bytes.span) }
  }

  @Test func `has a section table within the file`() {
    var bytes = KernelBuilder.program(sections: [(".linux", [1, 2, 3])])
    bytes.replaceSubrange(70..<72, with: KernelBuilder.little(UInt16.max))
    #expect(throws: ImageError.self) { try UnifiedImage(bytes.span) }
    bytes.replaceSubrange(84..<86, with: KernelBuilder.little(UInt16.max))
    #expect(throws: ImageError.self) { try UnifiedImage(bytes.span) }
  }

  @Test(arguments: 0..<368)
  func `is whole`(size: Int) {
    let bytes = Array(KernelBuilder.program(sections: [(".linux", [1, 2, 3])]).prefix(size))

    #expect(throws: ImageError.self) { try UnifiedImage(bytes.span) }
  }
}
