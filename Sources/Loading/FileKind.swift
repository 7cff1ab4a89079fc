// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import DeviceTree
import ELF
import IMA
public import KernelImage
import Kexec
import RunningKernel

/// What a file is, by its bytes, never by its name.
public enum FileKind: Hashable, Sendable {
  /// A device tree blob.
  case tree
  /// A tar archive: a live tree may be in one.
  case archive
  /// A core header (`elfcorehdr`), or an ELF file with a damaged header.
  case coreHeader
  /// A kernel, or what one is packed in.
  case kernel(FileFormat)
  /// A measurement list of IMA, or a buffer that hands one over.
  case measurements

  /// The kind of a file; nil for one that is nothing that is known here.
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
