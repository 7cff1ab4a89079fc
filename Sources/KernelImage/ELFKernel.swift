// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import ELF

/// A kernel in an ELF file, `vmlinux`, with checked headers.
///
/// The rules are those of Linux `kernel/kexec_elf.c`, and more: segments must not overlap, the entry is
/// inside of one, alignments are powers of two.
struct ELFKernel {
  let file: ELFFile
  /// In rising order.
  let segments: [KernelImage.Segment]
  /// The lowest physical address.
  let linkAddress: UInt64
  /// Bytes from there to the end of the highest segment.
  let memorySize: UInt64

  /// - Parameter bytes: the whole file.
  init(_ bytes: Span<UInt8>) throws(ImageError) {
    let file = try Self.read(bytes)
    let loads = file.programHeaders.filter { $0.type == ProgramHeader.load && $0.memorySize > 0 }
      .map { (header: $0, address: $0.physicalAddress(on: file.machine)) }
      .sorted { $0.address < $1.address }
    guard let first = loads.first, let last = loads.last else {
      throw .field("e_phnum", offset: 56, value: 0, rule: "there is something to load (PT_LOAD)")
    }
    for (load, next) in zip(loads, loads.dropFirst())
    where next.address - load.address < load.header.memorySize {
      throw .overlap(load.address, next.address)
    }
    self.file = file
    linkAddress = first.address
    memorySize = last.address - first.address + last.header.memorySize
    segments = try loads.map { (load) throws(ImageError) in
      try KernelImage.Segment(load.header, offset: load.address - first.address)
    }
  }

  /// The headers of a file, checked.
  private static func read(_ bytes: Span<UInt8>) throws(ImageError) -> ELFFile {
    let file = try formatted { () throws(FormatError) in try ELFFile(bytes) }
    try check(file.header, bytes)
    for (number, header) in file.programHeaders.enumerated() {
      try check(header, number, file.header, fileSize: bytes.count)
    }
    return file
  }

  /// `elf_read_ehdr`, `elf_is_ehdr_sane` and `kexec_build_elf_info`.
  private static func check(_ header: ELFHeader, _ file: Span<UInt8>) throws(ImageError) {
    try expect(
      header.identificationVersion == 1, "EI_VERSION", at: 6,
      UInt64(header.identificationVersion), "it is 1")
    try expect(
      header.type == 2 || header.type == 3, "e_type", at: 16, UInt64(header.type),
      "a kernel is an executable (2) or a shared object (3)")
    try expect(
      header.machine.classes.contains(.bits64), "e_machine", at: 18,
      UInt64(header.machine.rawValue), "no 64-bit kernel for it is known here")
    try expect(header.version == 1, "e_version", at: 20, UInt64(header.version), "it is 1")
    try expect(header.headerSize == 64, "e_ehsize", at: 52, UInt64(header.headerSize), "it is 64")
    try expect(!header.programHeaderRange.isEmpty, "e_phnum", at: 56, 0, "there are segments")
    let (tableOffset, count) = (
      try file.field(UInt64.self, at: 40, header.byteOrder),
      UInt64(try file.field(UInt16.self, at: 60, header.byteOrder))
    )
    guard count > 0 else { return }
    let size: UInt16 = try file.field(at: 58, header.byteOrder)
    try expect(size == 64, "e_shentsize", at: 58, UInt64(size), "it is 64")
    try expect(
      UInt64(file.count) >= count * 64 && tableOffset <= UInt64(file.count) - count * 64, "e_shoff",
      at: 40, tableOffset, "the \(count) section headers are within the file")
  }

  /// `elf_is_phdr_sane`, and more.
  private static func check(
    _ segment: ProgramHeader, _ number: Int, _ header: ELFHeader, fileSize: Int
  ) throws(ImageError) {
    let place = header.programHeaderRange.lowerBound + number * ProgramHeader.size
    let (end, overflow) = segment.offset.addingReportingOverflow(segment.fileSize)
    guard !overflow, end <= UInt64(fileSize) else {
      throw .outside(
        "program header \(number)", offset: segment.offset, size: segment.fileSize,
        fileSize: fileSize)
    }
    try expect(
      segment.type != 3, "p_type", at: place, 3, "a kernel has no interpreter (PT_INTERP)")
    try expect(
      !segment.physicalAddress.addingReportingOverflow(segment.memorySize).overflow, "p_memsz",
      at: place + 40, segment.memorySize, "p_paddr + p_memsz fit 64 bits")
    guard segment.type == ProgramHeader.load else {
      try expect(
        number > 0 || header.machine != .ppc64, "p_type", at: place,
        UInt64(segment.type), "the first one is PT_LOAD: the loader takes code from it")
      return
    }
    try expect(
      segment.fileSize <= segment.memorySize, "p_filesz", at: place + 32, segment.fileSize,
      "it is no more than p_memsz")
    try expect(
      segment.alignment.nonzeroBitCount <= 1, "p_align", at: place + 48, segment.alignment,
      "it is a power of two")
  }
}

extension ELFKernel {
  /// The kernel; one for arm64 has the header of its `Image` at the entry.
  ///
  /// The alignment is that of the kernel's own loaders: `arch/riscv/kernel/kexec_elf.c:elf_find_pbase`,
  /// `arch/powerpc/kexec/elf_64.c:elf64_load`, `arch/loongarch/kernel/kexec_elf.c:_elf_kexec_load`.
  func image(_ bytes: Span<UInt8>) throws(ImageError) -> KernelImage {
    let inner = try arm64Image(bytes)
    let loads = file.programHeaders.filter { $0.type == ProgramHeader.load }
    let least = ImageFormat.of(file.machine)?.alignment ?? 4096
    return KernelImage(
      format: .elf, machine: file.machine, byteOrder: inner?.byteOrder ?? file.byteOrder,
      pageSize: inner?.pageSize, alignment: max(loads.map(\.alignment).max() ?? 0, least),
      textOffset: inner?.textOffset ?? 0, canLoadAnywhere: inner?.canLoadAnywhere ?? true,
      linkAddress: inner == nil ? linkAddress : nil,
      memorySize: max(memorySize, inner?.imageSize ?? 0), entry: try entry(bytes),
      segments: segments)
  }

  /// The entry, in bytes from the load address.
  ///
  /// `e_entry` is a virtual address; on x86 a physical one. On ppc64 with the first ABI it may be that of
  /// a function descriptor, whose first word is the virtual address of the code; Linux has it point to
  /// code (`arch/powerpc/kernel/vmlinux.lds.S`), whose first words are no address.
  func entry(_ bytes: Span<UInt8>) throws(ImageError) -> UInt64 {
    var address = file.header.entry
    if file.machine == .ppc64, file.header.flags & 3 < 2,
      let place = fileOffset(of: address),
      let code = try? bytes.integer(UInt64.self, at: place, file.byteOrder),
      fileOffset(of: code) != nil
    {
      address = code
    }
    let loads = file.programHeaders.filter { $0.type == ProgramHeader.load }
    if let load = loads.first(where: { $0.covers(address, from: $0.virtualAddress) }) {
      return load.physicalAddress(on: file.machine) - linkAddress + (address - load.virtualAddress)
    }
    if let load = loads.first(where: { $0.covers(address, from: $0.physicalAddress) }) {
      return load.physicalAddress(on: file.machine) - linkAddress + (address - load.physicalAddress)
    }
    throw .field(
      "e_entry", offset: 24, value: file.header.entry, rule: "it is the address of loaded code")
  }

  /// The header of the `Image` at the entry of an arm64 kernel; nil for other architectures.
  func arm64Image(_ bytes: Span<UInt8>) throws(ImageError) -> ARM64Image? {
    guard file.machine == .arm64 else { return nil }
    guard let place = fileOffset(of: file.header.entry), bytes.count - place >= 64 else {
      throw .field(
        "e_entry", offset: 24, value: file.header.entry, rule: "the header of the Image is there")
    }
    return try ARM64Image(bytes.extracting(place..<bytes.count))
  }

  /// The offset in the file of the byte at a virtual address.
  private func fileOffset(of address: UInt64) -> Int? {
    let load = file.programHeaders.first {
      $0.type == ProgramHeader.load && address >= $0.virtualAddress
        && address - $0.virtualAddress < $0.fileSize
    }
    return load.map { Int($0.offset + (address - $0.virtualAddress)) }
  }
}

extension ProgramHeader {
  /// The physical address; on LoongArch the field has an address in the window of cached memory
  /// (`arch/loongarch/include/asm/addrspace.h:TO_PHYS_MASK`).
  fileprivate func physicalAddress(on machine: Machine) -> UInt64 {
    machine == .loongarch ? physicalAddress & 0xffff_ffff_ffff : physicalAddress
  }

  /// Whether a byte of the file is loaded to an address.
  fileprivate func covers(_ address: UInt64, from start: UInt64) -> Bool {
    address >= start && address - start < fileSize
  }
}

/// Refuses a field that breaks a rule.
private func expect(
  _ isGood: Bool, _ name: String, at offset: Int, _ value: UInt64, _ rule: String
) throws(ImageError) {
  if !isGood { throw .field(name, offset: offset, value: value, rule: rule) }
}

extension KernelImage.Segment {
  fileprivate init(_ header: ProgramHeader, offset: UInt64) throws(ImageError) {
    file = try formatted { () throws(FormatError) in try header.fileRange() }
    self.offset = offset
    memorySize = header.memorySize
  }
}
