// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import DeviceTree
import ELF
import IMA
public import KernelImage
public import Kexec
import RunningKernel

/// A kernel to be started, with what a unified kernel image contains.
public struct KernelInput: Sendable {
  /// Its name in messages.
  public let name: String
  /// The file, opened down to the kernel.
  public let file: KernelFile
  /// The unpacked kernel, which its segments are ranges of.
  public let bytes: [UInt8]
  /// The initrd of a unified kernel image; nil for none.
  public let initrd: [UInt8]?
  /// The command line of a unified kernel image, up to a NUL, without trailing blanks; nil for none.
  public let commandLine: String?
  /// What it contains that is not used.
  public let notes: [String]

  /// Opens a file of any format; `progress` is called now and then with the number of bytes unpacked so far.
  ///
  /// - Throws: `KexecError` for a file that is not a kernel, or a damaged one.
  public init(
    _ all: [UInt8], named name: String, profile: Int = 0, progress: ((Int) -> Void)? = nil
  ) throws(KexecError) {
    file = try KernelFile.naming(name) { () throws(KernelFileError) in
      try KernelFile(all.span, profile: profile, progress: progress)
    }
    self.name = name
    bytes = file.layers.count > 1 ? file.bytes.copy(of: all.span) : all
    let own = file.profile
    let section = { (range: Range<Int>?) in
      range.flatMap { own?.section($0).copy(of: all.span) }
    }
    initrd = section(own?.places.initrd)
    commandLine = section(own?.places.commandLine)?.textBeforeNUL
    let hasTree = own.map { $0.places.tree != nil || !$0.places.treesByMachine.isEmpty }
    notes =
      hasTree == true ? ["\(name): its own device tree is not used; give one explicitly"] : []
  }

  /// Whether the kernel is packed in another file.
  public var isPacked: Bool { file.layers.count > 1 }

  /// The kernel for a plan.
  ///
  /// - Throws: `KexecError.Kind.notOffered` for a good kernel of a kind that is not planned.
  public var image: KernelImage {
    get throws(KexecError) {
      try KernelFile.naming(name) { () throws(KernelFileError) in try file.image }
    }
  }
}

extension KernelFile {
  /// Reads a kernel's file, whose errors get the file's name.
  package static func naming<Value>(
    _ name: String, _ body: () throws(KernelFileError) -> Value
  ) throws(KexecError) -> Value {
    do throws(KernelFileError) {
      return try body()
    } catch {
      throw KexecError(error, in: name)
    }
  }
}

extension KexecError {
  /// A file that is not a kernel, or one that cannot be loaded.
  public init(_ error: KernelFileError, in file: String) {
    self.init(Kind(error), "\(file): \(error)")
  }
}

extension KexecError.Kind {
  /// The kind of a kernel file's error: a kernel that cannot be loaded is not malformed.
  package init(_ error: KernelFileError) {
    switch error.reason {
    case .noProfile, .kernels(count: 0, _, of: 2...): self = .usage
    case .notLoaded, .thirtyTwoBit: self = .notOffered
    default: self = .malformedInput
    }
  }
}

/// The kind of a file, by its bytes, never by its name.
public enum FileKind: Hashable, Sendable {
  /// A device tree blob.
  case tree
  /// A tar archive, which may contain a live tree.
  case archive
  /// An ELF core header (elfcorehdr), or an ELF file with a damaged header.
  case coreHeader
  /// A kernel, or a file that one is packed in.
  case kernel(FileFormat)
  /// An IMA measurement list, or an IMA buffer.
  case measurements

  /// The kind of a file; nil for an unknown one.
  public init?(recognizing file: Span<UInt8>) {
    if LiveTree.isArchive(file) {
      self = .archive
    } else if file.hasMagic(BlobHeader.magic) {
      self = .tree
    } else if let format = FileFormat(recognizing: file) {
      let type = format == .elf ? (try? ELFHeader(file))?.type ?? ELFHeader.core : nil
      self = type == ELFHeader.core ? .coreHeader : .kernel(format)
    } else if MeasurementBuffer.byteOrder(of: file) != nil
      || MeasurementList.byteOrder(of: file) != nil
    {
      self = .measurements
    } else {
      return nil
    }
  }
}
