// SPDX-License-Identifier: Apache-2.0

public import Compression
import ELF

/// A kernel file of any format, opened down to the kernel itself.
///
/// Formats nest: a unified image holds a zboot file, which unpacks to an `Image`. Each kind may come
/// once, and bytes are unpacked twice at most; so a file ends, whatever it says of itself.
public struct KernelFile: Sendable {
  /// One format around the kernel, or the kernel's own.
  public struct Layer: Sendable {
    /// What it is.
    public let format: FileFormat
    /// Its bytes.
    public let bytes: Piece
    /// How the next layer is packed in it, in the words of the file; nil when it is not.
    public let compression: String?
    /// The format, and with what an EFI zboot file is packed: `EFI zboot (zstd)`.
    public var name: String {
      guard let compression, case .zboot = format else { return "\(format)" }
      return "\(format) (\(compression))"
    }
  }

  /// The layers, outermost first; the last one is the kernel.
  public let layers: [Layer]
  /// What comes with the kernel in a unified image: the profile that was asked for.
  public let profile: Profile?
  /// The kernel, if it is of a format that is loaded.
  private let loadable: KernelImage?

  /// The profile of a unified image that its kernel is from, with the bytes that its ranges are of.
  public struct Profile: Sendable {
    /// How many the image has.
    public let count: Int
    /// Where its sections are in the unified image.
    public let places: UnifiedImage.Profile
    /// The unified image.
    private let image: Piece

    fileprivate init(_ places: UnifiedImage.Profile, of image: Piece, count: Int) {
      self.places = places
      self.image = image
      self.count = count
    }

    /// The bytes of one of its sections.
    public func piece(_ place: Range<Int>) -> Piece { image.part(place) }
  }

  /// The kernel as a loader needs it.
  ///
  /// - Throws: ``ImageError/notLoaded(_:)`` for a kernel that has only a name here: one for x86, a legacy
  ///   uImage, a UEFI program. What comes with it in a unified image is good all the same.
  public var image: KernelImage {
    get throws(KernelFileError) {
      if let loadable { return loadable }
      throw KernelFileError(
        layers: layers.map(\.format), reason: .notLoaded(layers[layers.count - 1].format))
    }
  }

  /// The kernel's bytes: those that ``KernelImage/segments`` are ranges of.
  public var bytes: Piece { layers[layers.count - 1].bytes }

  /// Opens a file.
  ///
  /// - Parameters:
  ///   - file: all its bytes; of a kernel that is not packed, only the headers are touched.
  ///   - profile: which profile of a unified image, from 0.
  ///   - limits: what unpacking may take. A packed file in a packed file has at most 96 MiB, and its
  ///     decoder at most 144 MiB, so that both fit: input, kernel and 256 MiB are all the memory that is
  ///     used.
  ///   - progress: called now and then with the bytes that were unpacked so far.
  public init(
    _ file: Span<UInt8>, profile: Int = 0, limits: UnpackingLimits = UnpackingLimits(),
    progress: ((Int) -> Void)? = nil
  ) throws(KernelFileError) {
    var opening = Opening(profile: profile, limits: limits, progress: progress)
    var formats: [FileFormat] = []
    do throws(ImageError) {
      var next: Piece? = Piece(range: 0..<file.count)
      while let piece = next {
        next = try piece.withBytes(of: file) { (bytes) throws(ImageError) in
          guard let format = FileFormat(recognizing: bytes) else {
            throw bytes.isEmpty ? .empty : .notKernel
          }
          formats.append(format)
          return try opening.open(format, piece, bytes)
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

/// What has been opened so far.
private struct Opening {
  let profile: Int
  let limits: UnpackingLimits
  let progress: ((Int) -> Void)?
  var layers: [KernelFile.Layer] = []
  var unified: KernelFile.Profile?
  var image: KernelImage?
  /// The architecture that an outer layer is for.
  var machine: Machine?
  /// How often bytes were unpacked.
  var unpackings = 0

  /// The most bytes of what is unpacked and is packed again: kernels with all their modules fit.
  private static let packedSize = 96 << 20
  /// The most memory of the decoder that unpacks such bytes, which are still there then.
  private static let innerMemory = 144 << 20

  /// Opens one layer.
  ///
  /// - Returns: the layer inside of it; nil for the kernel.
  mutating func open(
    _ format: FileFormat, _ piece: Piece, _ bytes: Span<UInt8>
  ) throws(ImageError) -> Piece? {
    try checkNesting(format)
    switch format {
    case .unifiedImage: return try openUnifiedImage(piece, bytes)
    case .zboot: return try openZboot(piece, bytes)
    case .compressed(let compression): return try unpack(compression, piece, bytes)
    case .legacyUImage, .bzImage, .pe: break
    default:
      let image = try KernelImage(bytes)
      try checkMachine(image.machine)
      self.image = image
    }
    layers.append(KernelFile.Layer(format: format, bytes: piece, compression: nil))
    return nil
  }

  /// Each kind once: two kinds of packed files, so that memory is filled twice at most.
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
    _ piece: Piece, _ bytes: Span<UInt8>
  ) throws(ImageError) -> Piece {
    let image = try UnifiedImage(bytes)
    let places = try image.profile(profile)
    layers.append(KernelFile.Layer(format: .unifiedImage, bytes: piece, compression: nil))
    unified = KernelFile.Profile(places, of: piece, count: image.profileCount)
    machine = image.machine
    return piece.part(places.kernel)
  }

  private mutating func openZboot(
    _ piece: Piece, _ bytes: Span<UInt8>
  ) throws(ImageError) -> Piece {
    let header = try ZbootHeader(bytes)
    let program = try PEFile(bytes)
    if let machine = program.machine { try checkMachine(machine) }
    machine = program.machine ?? machine
    layers.append(
      KernelFile.Layer(format: .zboot, bytes: piece, compression: header.compressionType))
    let payload = bytes.extracting(header.payload)
    let unpacked = try unpack(header.compression, payload, expectedSize: header.unpackedSize)
    guard unpacked.streamSize == payload.count else {
      throw .trailingBytes(offset: header.payload.lowerBound + unpacked.streamSize)
    }
    return Piece(unpacked: unpacked.bytes, range: 0..<(try Self.signedSize(unpacked.bytes)))
  }

  /// A kernel in a zboot file is padded to the memory it needs. When it is signed, it ends with its
  /// signatures, and a check of these must not see more.
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
    _ compression: CompressionFormat, _ piece: Piece, _ bytes: Span<UInt8>
  ) throws(ImageError) -> Piece {
    layers.append(
      KernelFile.Layer(
        format: .compressed(compression), bytes: piece, compression: "\(compression)"))
    let unpacked = try unpack(compression, bytes, expectedSize: nil)
    try checkEnd(bytes, behind: unpacked.streamSize, unpackedSize: unpacked.bytes.count)
    return Piece(unpacked: unpacked.bytes, range: 0..<unpacked.bytes.count)
  }

  /// A kernel's build appends the unpacked size to some streams (`scripts/Makefile.lib:size_append`);
  /// block devices pad with zeros, less than 1 MiB. Nothing else may follow.
  private func checkEnd(
    _ bytes: Span<UInt8>, behind end: Int, unpackedSize: Int
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

  /// What is packed, by its first bytes: nothing else than a kernel is worth the memory.
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
    // The headers of a UEFI program may be anywhere.
    guard start.starts(with: [0x4d, 0x5a]) else {
      throw start.isEmpty ? .empty : .notKernel
    }
    return .unifiedImage
  }

  /// What is unpacked from unpacked bytes has both in memory: together they take no more than one.
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

  /// Whether there is something to unpack in it.
  fileprivate var isPacked: Bool { isCompressed || self == .zboot || self == .unifiedImage }
}
