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

  /// One of `arm64Image`, `riscvImage`, `loongArchImage` and `elf`.
  public let format: FileFormat
  /// The architecture.
  public let machine: Machine
  /// The byte order it runs in.
  public let byteOrder: ByteOrder
  /// Bytes in a page of this kernel; nil when it does not state it.
  public let pageSize: UInt64?
  /// The alignment of the base of the load address.
  public let alignment: UInt64
  /// Bytes from such a base to the load address: 0 but for old arm64 kernels.
  public let textOffset: UInt64
  /// Whether it may be anywhere in memory; an arm64 kernel without that flag should be as near as possible
  /// to the start of RAM.
  public let canLoadAnywhere: Bool
  /// The physical address that it is linked for: the kernels' own loaders put it there or above, and one
  /// that cannot relocate itself must be there. nil for one that is linked for no address.
  public let linkAddress: UInt64?
  /// Bytes of memory from the load address on, its BSS included.
  public let memorySize: UInt64
  /// The entry, in bytes from the load address.
  public let entry: UInt64
  /// In rising order, without overlaps.
  public let segments: [Segment]

  /// Reads the headers of a kernel.
  ///
  /// - Parameter bytes: the whole kernel, unpacked; ``KernelFile`` unpacks one.
  /// - Throws: ``ImageError``, also for a format that holds a kernel and is none.
  public init(_ bytes: Span<UInt8>) throws(ImageError) {
    switch FileFormat(recognizing: bytes) {
    case .arm64Image: try self.init(ARM64Image(bytes), fileSize: bytes.count)
    case .riscvImage: try self.init(RISCVImage(bytes), fileSize: bytes.count)
    case .loongArchImage: try self.init(LoongArchImage(bytes), fileSize: bytes.count)
    case .elf: try self.init(ELFKernel(bytes), bytes)
    case let other?: throw .notLoaded(other)
    case nil: throw .notKernel
    }
  }
}

extension KernelImage {
  private init(_ header: ARM64Image, fileSize: Int) throws(ImageError) {
    try self.init(
      .arm64Image, .arm64, header.byteOrder, pageSize: header.pageSize,
      alignment: ARM64Image.baseAlignment, textOffset: header.textOffset,
      canLoadAnywhere: header.canLoadAnywhere, memorySize: header.imageSize, fileSize: fileSize)
  }

  private init(_ header: RISCVImage, fileSize: Int) throws(ImageError) {
    try self.init(
      .riscvImage, .riscv, alignment: header.alignment, memorySize: header.imageSize,
      fileSize: fileSize)
  }

  private init(_ header: LoongArchImage, fileSize: Int) throws(ImageError) {
    try self.init(
      .loongArchImage, .loongarch, alignment: LoongArchImage.alignment,
      linkAddress: header.textOffset, memorySize: header.kernelSize, entry: header.entry,
      fileSize: fileSize)
  }

  /// A kernel whose file is its only segment.
  private init(
    _ format: FileFormat, _ machine: Machine, _ byteOrder: ByteOrder = .little,
    pageSize: UInt64? = nil, alignment: UInt64, textOffset: UInt64 = 0,
    canLoadAnywhere: Bool = true, linkAddress: UInt64? = nil, memorySize: UInt64,
    entry: UInt64 = 0, fileSize: Int
  ) throws(ImageError) {
    self.format = format
    self.machine = machine
    self.byteOrder = byteOrder
    self.pageSize = pageSize
    self.alignment = alignment
    self.textOffset = textOffset
    self.canLoadAnywhere = canLoadAnywhere
    self.linkAddress = linkAddress
    self.memorySize = memorySize
    self.entry = entry
    segments = [try Segment(all: fileSize, memorySize: memorySize)]
  }

  private init(_ kernel: ELFKernel, _ bytes: Span<UInt8>) throws(ImageError) {
    let inner = try kernel.arm64Image(bytes)
    format = .elf
    machine = kernel.file.machine
    byteOrder = inner?.byteOrder ?? kernel.file.byteOrder
    pageSize = inner?.pageSize
    alignment = kernel.alignment
    textOffset = inner?.textOffset ?? 0
    canLoadAnywhere = inner?.canLoadAnywhere ?? true
    linkAddress = inner == nil ? kernel.linkAddress : nil
    memorySize = max(kernel.memorySize, inner?.imageSize ?? 0)
    entry = try kernel.entry(bytes)
    segments = kernel.segments
  }
}

extension KernelImage.Segment {
  /// A whole file. Padding behind the kernel's memory, up to the end of a page of at most 64 KiB, is left
  /// out; `kernel/kexec_core.c:sanity_check_segment_list` refuses more.
  fileprivate init(all fileSize: Int, memorySize: UInt64) throws(ImageError) {
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
