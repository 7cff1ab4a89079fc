// SPDX-License-Identifier: Apache-2.0

public import BinaryFormat
public import ELF

/// A kernel as a loader needs it: its segments, the memory it takes, its entry.
///
/// Addresses are relative to the load address, which is a multiple of ``alignment`` plus ``textOffset``.
public struct KernelImage: Hashable, Sendable {
  /// A part of a kernel that is loaded as a whole.
  public struct Segment: Hashable, Sendable {
    /// Its bytes in the image; the rest of its memory is zero.
    public let file: Range<Int>
    /// Bytes from the load address.
    public let offset: UInt64
    /// Bytes in memory.
    public let memorySize: UInt64
  }

  /// `elf`, or the `image` of an architecture.
  public let format: FileFormat
  /// The architecture.
  public let machine: Machine
  /// The byte order it runs in.
  public internal(set) var byteOrder = ByteOrder.little
  /// Bytes in a page of this kernel; nil when it does not state it.
  public internal(set) var pageSize: UInt64?
  /// The alignment of the base of the load address.
  public let alignment: UInt64
  /// Bytes from such a base to the load address: 0 but for old arm64 kernels.
  public internal(set) var textOffset: UInt64 = 0
  /// Whether it may be anywhere in memory; an arm64 kernel without that flag should be as near as possible
  /// to the start of RAM.
  public internal(set) var canLoadAnywhere = true
  /// The physical address that it is linked for: the kernels' own loaders put it there or above, and one
  /// that cannot relocate itself must be there. nil for one that is linked for no address.
  public internal(set) var linkAddress: UInt64?
  /// Bytes of memory from the load address on, its BSS included.
  public let memorySize: UInt64
  /// The entry, in bytes from the load address.
  public internal(set) var entry: UInt64 = 0
  /// In rising order, without overlaps.
  public let segments: [Segment]
}

extension KernelImage {
  /// Reads the headers of a kernel.
  ///
  /// - Parameter bytes: the whole kernel, unpacked; ``KernelFile`` unpacks one.
  /// - Throws: ``ImageError``, also for a format that holds a kernel and is none.
  public init(_ bytes: Span<UInt8>) throws(ImageError) {
    let format = FileFormat(recognizing: bytes)
    switch format {
    case .elf?: self = try ELFKernel(bytes).image(bytes)
    case .image(let machine)?:
      guard let row = ImageFormat.of(machine) else { throw .notKernel }
      self = try row.read(bytes)
    case let other?: throw .notLoaded(other)
    case nil: throw .notKernel
    }
  }
}

extension KernelImage.Segment {
  /// A whole file. Padding after the kernel's memory, up to the end of a page of at most 64 KiB, is left
  /// out; `kernel/kexec_core.c:sanity_check_segment_list` refuses more.
  init(all fileSize: Int, memorySize: UInt64) throws(ImageError) {
    let (padded, overflow) = memorySize.addingReportingOverflow(0xffff)
    guard overflow || UInt64(fileSize) <= padded & ~0xffff else {
      throw .field(
        "image_size", offset: 16, value: memorySize,
        rule: "the file is longer: \(fileSize) bytes")
    }
    file = 0..<Int(min(UInt64(fileSize), memorySize))
    offset = 0
    self.memorySize = memorySize
  }
}
