// SPDX-License-Identifier: Apache-2.0

/// Runs libFuzzer on what the program is called by: `fuzz-tree`, `fuzz-gzip`.
@main enum Fuzz {
  /// What libFuzzer calls with each input.
  typealias Target = @convention(c) (UnsafePointer<UInt8>, Int) -> CInt

  static let targets: [String: Target] = [
    "elf": fuzzELF, "ima": fuzzIMA, "iomem": fuzzIomem, "kcore": fuzzKcore, "plan": fuzzPlan,
    "range": fuzzRange, "tar": fuzzTar, "tree": fuzzTree, "vmcoreinfo": fuzzVMCoreInfo,

    "gzip": { fuzzCompression(.gzip, $0, $1) }, "zstd": { fuzzCompression(.zstd, $0, $1) },
    "xz": { fuzzCompression(.xz, $0, $1) }, "lzma": { fuzzCompression(.lzma, $0, $1) },
    "lz4": { fuzzCompression(.lz4, $0, $1) },
    "lz4legacy": { fuzzCompression(.lz4Legacy, $0, $1) },
    "lzop": { fuzzCompression(.lzop, $0, $1) },

    "image": { fuzzKernel([:], $0, $1) },
    "zboot": { fuzzKernel([0: [0x4d, 0x5a, 0, 0, 0x7a, 0x69, 0x6d, 0x67]], $0, $1) },
    "uki": {
      fuzzKernel([0: [0x4d, 0x5a], 60: [64, 0, 0, 0], 64: [0x50, 0x45, 0, 0]], $0, $1)
    },
    "vmlinux": { fuzzKernel([0: [0x7f, 0x45, 0x4c, 0x46, 2], 6: [1]], $0, $1) },
  ]

  static func main() {
    let name = CommandLine.arguments[0].split(separator: "-").last.map(String.init) ?? ""
    guard let target = targets[name] else {
      fatalError("fuzz is called by the name of a link to it: fuzz-\(targets.keys.sorted())")
    }
    var (count, arguments) = (CommandLine.argc, CommandLine.unsafeArgv)
    _ = runDriver(&count, &arguments, target)
  }
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ callback: Fuzz.Target
) -> CInt

/// The bytes of one input.
func bytes(_ start: UnsafePointer<UInt8>, _ count: Int) -> [UInt8] {
  Array(UnsafeBufferPointer(start: start, count: count))
}
