// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

/// A program that fuzzes one format.
func fuzzer(_ name: String, _ path: String, _ modules: [String]) -> Target {
  .executableTarget(
    name: name,
    dependencies: ["FuzzSupport"] + modules.map { .product(name: $0, package: "dtfix") },
    path: "Sources/" + path, swiftSettings: [.unsafeFlags(["-parse-as-library"])])
}

/// A program that fuzzes one format of compression.
func compressionFuzzer(_ format: String) -> Target {
  .executableTarget(
    name: "fuzz-" + format.lowercased(), dependencies: ["FuzzCompression"],
    path: "Sources/Fuzz" + format, swiftSettings: [.unsafeFlags(["-parse-as-library"])])
}

let package = Package(
  name: "Fuzz",
  dependencies: [.package(name: "dtfix", path: "../..")],
  targets: [
    .target(name: "FuzzSupport"),
    fuzzer("fuzz-tree", "FuzzTree", ["DeviceTree", "Kexec"]),
    fuzzer("fuzz-iomem", "FuzzIomem", ["RunningKernel", "PhysicalMemory"]),
    fuzzer("fuzz-vmcoreinfo", "FuzzVMCoreInfo", ["CrashCore", "ELF"]),
    fuzzer("fuzz-elf", "FuzzELF", ["ELF", "BinaryFormat", "CrashCore", "PhysicalMemory"]),
    fuzzer("fuzz-kcore", "FuzzKcore", ["ELF", "CrashCore", "BinaryFormat"]),
    fuzzer("fuzz-range", "FuzzRange", ["PhysicalMemory"]),
    .target(
      name: "FuzzCompression",
      dependencies: ["FuzzSupport", .product(name: "Compression", package: "dtfix")]),
  ] + ["Gzip", "Zstd", "XZ", "LZMA", "LZ4", "LZ4Legacy", "LZOP"].map(compressionFuzzer)
)
