// SPDX-License-Identifier: Apache-2.0

import Compression
import KernelImage

/// One input of libFuzzer: any bytes as a kernel file, with the magic numbers of a format put into
/// them. It is refused with an error of one line, or opened: what is told of the kernel fits its bytes.
func fuzzKernel(
  _ magic: [Int: [UInt8]], _ start: UnsafePointer<UInt8>, _ count: Int
) -> CInt {
  var file = bytes(start, count)
  for (offset, number) in magic where file.count >= offset + number.count {
    file.replaceSubrange(offset..<offset + number.count, with: number)
  }
  check(file)
  if let unified = try? UnifiedImage(file.span) { check(unified, size: file.count) }
  return 0
}

private func check(_ file: [UInt8]) {
  var limits = UnpackingLimits()
  (limits.size, limits.memory) = (16 << 20, 16 << 20)
  do throws(KernelFileError) {
    let kernel = try KernelFile(file.span, limits: limits)
    precondition(kernel.layers.count <= 4)
    if let profile = kernel.profile {
      _ = profile.places.sections.values.joined().map { profile.section($0).copy(of: file.span) }
    }
    let image = try kernel.image
    precondition(kernel.layers.last?.format == image.format)
    check(image, size: kernel.bytes.size)
    let whole = kernel.bytes.copy(of: file.span)
    precondition((try? KernelImage(whole.span)) == image, "it is what its bytes are")
  } catch {
    precondition(!"\(error)".isEmpty && !"\(error)".contains("\n"))
    precondition(error.layers.count <= 5)
  }
}

private func check(_ image: KernelImage, size: Int) {
  precondition(image.memorySize > 0 && image.entry < image.memorySize)
  precondition(image.alignment.nonzeroBitCount == 1 && image.alignment >= 4096)
  precondition(!image.textOffset.addingReportingOverflow(image.memorySize).overflow)
  precondition(!image.segments.isEmpty)
  var end: UInt64 = 0
  for segment in image.segments {
    precondition(segment.file.upperBound <= size && segment.file.count <= segment.memorySize)
    precondition(segment.offset >= end && segment.offset <= image.memorySize)
    precondition(segment.memorySize <= image.memorySize - segment.offset)
    end = segment.offset + segment.memorySize
  }
}

private func check(_ image: UnifiedImage, size: Int) {
  precondition(image.profileCount > 0)
  for number in 0..<min(image.profileCount, 100) {
    guard let profile = try? image.profile(number) else { continue }
    let ranges = profile.sections.values.flatMap(\.self) + [profile.kernel]
    precondition(ranges.allSatisfy { $0.lowerBound >= 0 && $0.upperBound <= size })
  }
}
