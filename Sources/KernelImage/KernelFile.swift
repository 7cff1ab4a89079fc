// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
public import Compression
import ELF

/// A kernel file of any format, opened down to the kernel itself.
///
/// Formats nest: a unified image holds a zboot file, which unpacks to an `Image`. Each format may occur
/// once, and bytes are unpacked at most twice.
public struct KernelFile: Sendable {
  /// A format around the kernel, or the kernel's own.
  public struct Layer: Sendable {
    /// The format.
    public let format: FileFormat
    /// Its bytes.
    public let bytes: FileSlice
    /// The compression of the next layer, as the file names it; nil for none.
    public let compression: String?
    /// The format, with the compression of an EFI zboot file: `EFI zboot (zstd)`.
    public var name: String {
      guard let compression, case .zboot = format else { return "\(format)" }
      return "\(format) (\(compression))"
    }
  }

  /// The layers, outermost first; the last one is the kernel.
  public let layers: [Layer]
  /// The requested profile of a unified image; nil for other files.
  public let profile: Profile?
  /// The kernel, if its format is loaded.
  private let loadable: KernelImage?

  /// A profile of a unified image, with the image.
  public struct Profile: Sendable {
    /// How many profiles the image has.
    public let count: Int
    /// The places of its sections in the unified image.
    public let places: UnifiedImage.Profile
    fileprivate let image: FileSlice

    /// The bytes of one of its sections.
    public func section(_ place: Range<Int>) -> FileSlice { image.part(place) }
  }

  /// The kernel as a loader needs it.
  ///
  /// - Throws: ``ImageError/notLoaded(_:)`` for a kernel that is only recognized here: one for x86, a legacy
  ///   uImage, a UEFI program. The other sections of a unified image are valid all the same.
  public var image: KernelImage {
    get throws(KernelFileError) {
      if let loadable { return loadable }
      throw KernelFileError(
        layers: layers.map(\.format), reason: .notLoaded(layers[layers.count - 1].format))
    }
  }

  /// The kernel's bytes, of which ``KernelImage/segments`` are ranges.
  public var bytes: FileSlice { layers[layers.count - 1].bytes }

  /// Opens a file.
  ///
  /// - Parameters:
  ///   - file: all its bytes; of an uncompressed kernel, only the headers are read.
  ///   - profile: the number of the profile of a unified image, from 0.
  ///   - limits: the limits of unpacking. A compressed file in a compressed file has at most 96 MiB, and
  ///     its decoder at most 144 MiB, so that all memory used is input, kernel and 256 MiB.
  ///   - progress: called every few MiB with the bytes unpacked so far.
  public init(
    _ file: Span<UInt8>, profile: Int = 0, limits: UnpackingLimits = UnpackingLimits(),
    progress: ((Int) -> Void)? = nil
  ) throws(KernelFileError) {
    var opening = Opening(profile: profile, limits: limits, progress: progress)
    var formats: [FileFormat] = []
    do throws(ImageError) {
      var next: FileSlice? = FileSlice(range: 0..<file.count)
      while let slice = next {
        next = try slice.withBytes(of: file) { (bytes) throws(ImageError) in
          guard let format = FileFormat(recognizing: bytes) else {
            throw bytes.isEmpty ? .empty : .notKernel
          }
          formats.append(format)
          return try opening.open(format, slice, bytes)
        }
      }
      guard profile == 0 || opening.unified != nil else { throw .noProfile(profile, count: 1) }
    } catch {
      throw KernelFileError(layers: formats, reason: error)
    }
    layers = opening.layers
    loadable = opening.image
    self.profile = opening.unified
  }
}

/// The layers opened so far.
private struct Opening {
  let profile: Int
  let limits: UnpackingLimits
  let progress: ((Int) -> Void)?
  var layers: [KernelFile.Layer] = []
  var unified: KernelFile.Profile?
  var image: KernelImage?
  /// The architecture of an outer layer.
  var machine: Machine?
  /// The number of unpacked layers.
  var unpackings = 0

  /// The most unpacked bytes of a layer that is to be unpacked again; kernels with all their modules fit.
  private static let packedSize = 96 << 20
  /// The most memory of the decoder that unpacks such a layer.
  private static let innerMemory = 144 << 20

  /// Opens one layer.
  ///
  /// - Returns: the layer inside of it; nil for the kernel.
  mutating func open(
    _ format: FileFormat, _ slice: FileSlice, _ bytes: Span<UInt8>
  ) throws(ImageError) -> FileSlice? {
    try checkNesting(format)
    switch format {
    case .unifiedImage: return try openUnifiedImage(slice, bytes)
    case .zboot: return try openZboot(slice, bytes)
    case .compressed(let compression): return try unpack(compression, slice, bytes)
    case .legacyUImage, .bzImage, .pe: break
    default:
      let image = try KernelImage(bytes)
      try checkMachine(image.machine)
      self.image = image
    }
    layers.append(KernelFile.Layer(format: format, bytes: slice, compression: nil))
    return nil
  }

  /// Refuses a repeated format, so that memory is filled at most twice.
  private func checkNesting(_ format: FileFormat) throws(ImageError) {
    guard let last = layers.last else { return }
    let outer = layers.map(\.format)
    let isPacked = outer.count { $0.isCompressed } > 0
    let isNested =
      switch format {
      case .unifiedImage: outer.contains(.unifiedImage) || outer.contains(.zboot)
      case .zboot: outer.contains(.zboot)
      case .compressed: isPacked || outer.contains(.zboot)
      default: false
      }
    if isNested { throw .nested(format, within: last.format) }
  }

  private func checkMachine(_ found: Machine) throws(ImageError) {
    guard let machine, machine != found else { return }
    throw .otherMachine(found, expected: machine)
  }

  private mutating func openUnifiedImage(
    _ slice: FileSlice, _ bytes: Span<UInt8>
  ) throws(ImageError) -> FileSlice {
    let image = try UnifiedImage(bytes)
    let places = try image.profile(profile)
    layers.append(KernelFile.Layer(format: .unifiedImage, bytes: slice, compression: nil))
    unified = KernelFile.Profile(
      count: image.profileCount, places: places, image: slice)
    machine = image.machine
    return slice.part(places.kernel)
  }

  private mutating func openZboot(
    _ slice: FileSlice, _ bytes: Span<UInt8>
  ) throws(ImageError) -> FileSlice {
    let header = try ZbootHeader(bytes)
    let program = try PEFile(bytes)
    if let machine = program.machine { try checkMachine(machine) }
    machine = program.machine ?? machine
    layers.append(
      KernelFile.Layer(format: .zboot, bytes: slice, compression: header.compressionType))
    let payload = bytes.extracting(header.payload)
    let unpacked = try unpack(header.compression, payload, expectedSize: header.unpackedSize)
    guard unpacked.streamSize == payload.count else {
      throw .trailingBytes(offset: header.payload.lowerBound + unpacked.streamSize)
    }
    return FileSlice(unpacked: unpacked.bytes, range: 0..<(try Self.signedSize(unpacked.bytes)))
  }

  /// The size of a kernel without the padding of a zboot file, which pads it to the memory it needs: a
  /// signed kernel must end with its signatures.
  private static func signedSize(_ kernel: [UInt8]) throws(ImageError) -> Int {
    guard let certificates = try? PEFile(kernel.span).certificates else { return kernel.count }
    guard certificates.upperBound <= UInt64(kernel.count) else {
      throw .outside(
        "the signatures", offset: certificates.lowerBound,
        size: certificates.upperBound - certificates.lowerBound, fileSize: kernel.count)
    }
    let end = Int(certificates.upperBound)
    if let offset = kernel[end...].firstIndex(where: { $0 != 0 }) {
      throw .trailingBytes(offset: offset)
    }
    return end
  }

  private mutating func unpack(
    _ compression: CompressionFormat, _ slice: FileSlice, _ bytes: Span<UInt8>
  ) throws(ImageError) -> FileSlice {
    layers.append(
      KernelFile.Layer(
        format: .compressed(compression), bytes: slice, compression: "\(compression)"))
    let unpacked = try unpack(compression, bytes, expectedSize: nil)
    try checkEnd(bytes, after: unpacked.streamSize, unpackedSize: unpacked.bytes.count)
    return FileSlice(unpacked: unpacked.bytes, range: 0..<unpacked.bytes.count)
  }

  /// Refuses bytes after a stream, but for the unpacked size, which kernel builds append
  /// (`scripts/Makefile.lib:size_append`), and less than 1 MiB of zeros, the padding of block devices.
  private func checkEnd(
    _ bytes: Span<UInt8>, after end: Int, unpackedSize: Int
  ) throws(ImageError) {
    if bytes.count - end == 4, let size: UInt32 = try? bytes.field(at: end), size == unpackedSize {
      return
    }
    guard bytes.count - end < 1 << 20 else { throw .trailingBytes(offset: end) }
    guard let offset = (end..<bytes.count).first(where: { bytes[$0] != 0 }) else { return }
    throw .trailingBytes(offset: offset)
  }

  private mutating func unpack(
    _ compression: CompressionFormat, _ stream: Span<UInt8>, expectedSize: Int?
  ) throws(ImageError) -> Unpacked {
    unpackings += 1
    let inner = try innerFormat(compression, stream)
    do throws(CompressionError) {
      return try compression.unpack(
        stream, expectedSize: expectedSize, limits: limits(for: inner), progress: progress)
    } catch {
      throw .compression(error)
    }
  }

  /// The format of the next layer by its first bytes, before memory is spent on all of it.
  private func innerFormat(
    _ compression: CompressionFormat, _ stream: Span<UInt8>
  ) throws(ImageError) -> FileFormat {
    let start: [UInt8]
    do throws(CompressionError) {
      start = try compression.start(of: stream, count: 1 << 16, limits: limits)
    } catch {
      throw .compression(error)
    }
    if let format = FileFormat(recognizing: start.span) { return format }
    // The headers of a UEFI program may follow later.
    guard start.starts(with: [0x4d, 0x5a]) else {
      throw start.isEmpty ? .empty : .notKernel
    }
    return .unifiedImage
  }

  /// The limits of a layer: two unpacked layers may take no more memory together than one.
  private func limits(for inner: FileFormat) -> UnpackingLimits {
    var limits = limits
    if unpackings > 1 { limits.memory = min(limits.memory, Self.innerMemory) }
    if inner.isPacked { limits.size = min(limits.size, Self.packedSize) }
    return limits
  }
}

extension FileFormat {
  fileprivate var isCompressed: Bool {
    if case .compressed = self { true } else { false }
  }

  /// Whether it holds another layer.
  fileprivate var isPacked: Bool { isCompressed || self == .zboot || self == .unifiedImage }
}

/// Bytes of a kernel file, or of an unpacked layer, without a copy.
public struct FileSlice: Sendable {
  /// The unpacked layer; nil for the file.
  fileprivate var unpacked: [UInt8]?
  fileprivate let range: Range<Int>

  /// The number of bytes.
  public var size: Int { range.count }

  /// Lends its bytes; `file` is the file that was opened.
  public func withBytes<Value, Failure: Error>(
    of file: Span<UInt8>, _ body: (Span<UInt8>) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    guard let unpacked else { return try body(file.extracting(range)) }
    return try body(unpacked.span.extracting(range))
  }

  /// Its bytes; `file` is the file that was opened.
  public func copy(of file: Span<UInt8>) -> [UInt8] {
    withBytes(of: file) { $0.array }
  }

  /// A part, by a range in it.
  fileprivate func part(_ part: Range<Int>) -> FileSlice {
    let start = range.lowerBound + part.lowerBound
    return FileSlice(unpacked: unpacked, range: start..<start + part.count)
  }
}
