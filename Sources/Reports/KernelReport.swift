// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import ELF
package import JSONText
package import KernelImage

/// The facts of a kernel file.
package struct KernelReport {
  private let kernel: KernelFile
  /// The kernel for a loader; nil for one that cannot be loaded.
  private let image: KernelImage?
  /// The sections of a unified kernel image.
  private let ownSections: [Section]

  /// A section of a unified kernel image.
  fileprivate struct Section {
    let name: String
    let size: Int
    /// The contents of a short section of text.
    let text: String?
  }

  package init(_ kernel: KernelFile, _ file: Span<UInt8>) {
    self.kernel = kernel
    image = try? kernel.image
    ownSections = kernel.profile.map { Self.sections(of: $0, file) } ?? []
  }

  /// A line for the kernel, then one for each fact.
  package var lines: [String] {
    (facts + segments + sections).map { name, value in
      name.padded(to: 13) + value
    }
  }

  private var facts: [(String, String)] {
    let layers = kernel.layers.map(\.name).joined(separator: " > ")
    let facts: [(String, String?)] = [
      ("kernel", kernelName),
      ("layers", kernel.layers.count > 1 ? layers : nil),
      ("byte order", image?.byteOrder.text),
      ("page size", image?.pageSize.map { "\($0)" }),
      ("size", "\(kernel.bytes.size)"),
      ("memory", image.map { hex($0.memorySize) }),
      ("alignment", image.map { hex($0.alignment) }),
      ("text offset", image.flatMap { $0.textOffset == 0 ? nil : hex($0.textOffset) }),
      ("place", image?.canLoadAnywhere == false ? "as near as possible to the start of RAM" : nil),
      ("linked at", image?.linkAddress.map(hex)),
      ("entry", image.map { "load address + \(hex($0.entry))" }),
      ("profiles", kernel.profile.flatMap { $0.count > 1 ? "\($0.count)" : nil }),
    ]
    return facts.compactMap { name, value in value.map { (name, $0) } }
  }

  private var kernelName: String {
    let format = kernel.layers[kernel.layers.count - 1].format
    return image.map { "\(format) for \($0.machineName)" } ?? "\(format), not loaded here"
  }

  /// The segments of a kernel that has several.
  private var segments: [(String, String)] {
    guard let image, image.segments.count > 1 else { return [] }
    return image.segments.map { segment in
      let place = "load address + \(hex(segment.offset)), \(hex(segment.memorySize)) in memory"
      return ("segment", "\(hex(segment.file.lowerBound))+\(hex(segment.file.count)) at \(place)")
    }
  }

  private var sections: [(String, String)] {
    ownSections.map { ($0.name, $0.text?.quoted ?? "\($0.size) bytes") }
  }

  /// A line for each layer.
  package var layers: [String] {
    kernel.layers.enumerated().map { number, layer in
      "\(number) \(layer.name), \(layer.bytes.size) bytes"
    }
  }

  /// The same as an object; addresses and sizes in memory are strings.
  package var json: JSON {
    let format = kernel.layers[kernel.layers.count - 1].format
    return [
      "format": .string("\(format)"), "architecture": image.map { .string($0.machineName) },
      "byteOrder": image?.byteOrder.json,
      "pageSize": image?.pageSize.map { .number(Int($0)) },
      "size": .number(kernel.bytes.size),
      "memorySize": image.map { .hex($0.memorySize) },
      "alignment": image.map { .hex($0.alignment) },
      "textOffset": image.map { .hex($0.textOffset) },
      "canLoadAnywhere": image.map { .bool($0.canLoadAnywhere) },
      "linkAddress": image?.linkAddress.map { .hex($0) },
      "entry": image.map { .hex($0.entry) },
      "segments": image.map { .array($0.segments.map(\.json)) },
      "layers": .array(kernel.layers.map(\.json)),
      "profiles": kernel.profile.map { .number($0.count) },
      "sections": kernel.profile == nil ? nil : .array(ownSections.map(\.json)),
    ]
  }

  private static func sections(of profile: KernelFile.Profile, _ file: Span<UInt8>) -> [Section] {
    profile.places.sections.sorted { $0.value[0].lowerBound < $1.value[0].lowerBound }
      .flatMap { name, ranges in
        ranges.map { range in
          Section(
            name: name, size: range.count,
            text: range.count <= 4096  // No kernel takes a longer command line.
              && [".cmdline", ".profile", ".uname"].contains(name)
              ? profile.section(range).copy(of: file).textBeforeNUL : nil)
        }
      }
  }
}

extension KernelReport.Section {
  fileprivate var json: JSON {
    ["name": .string(name), "size": .number(size), "text": text.map { .string($0) }]
  }
}

extension KernelFile.Layer {
  fileprivate var json: JSON {
    [
      "format": .string("\(format)"), "size": .number(bytes.size),
      "compression": compression.map { .string($0) },
    ]
  }
}

extension KernelImage {
  /// The name in `uname -m`; of big-endian arm64, that of little-endian machines.
  fileprivate var machineName: String { machine.names(byteOrder).first ?? "\(machine)" }
}

extension KernelImage.Segment {
  fileprivate var json: JSON {
    [
      "fileOffset": .number(file.lowerBound), "fileSize": .number(file.count),
      "offset": .hex(offset), "memorySize": .hex(memorySize),
    ]
  }
}

extension String {
  /// On one line, in quotes, with quotes inside escaped.
  fileprivate var quoted: String {
    let line = split(separator: "\n").joined(separator: " ")
    return "\"\(line.visible().replacing("\"", with: "\\\""))\""
  }
}
