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

/// A program that fuzzes one format of several that share a body.
func fuzzer(_ format: String, of body: Target.Dependency) -> Target {
  .executableTarget(
    name: "fuzz-" + format.lowercased(), dependencies: [body],
    path: "Sources/Fuzz" + format, swiftSettings: [.unsafeFlags(["-parse-as-library"])])
}

let streams = ["Gzip", "Zstd", "XZ", "LZMA", "LZ4", "LZ4Legacy", "LZOP"]
let kernels = ["Image", "Zboot", "UKI", "Vmlinux"]

let package = Package(
  name: "Fuzz",
  dependencies: [.package(name: "dtfix", path: "../..")],
  targets: [
    .target(name: "FuzzSupport"),
    fuzzer("fuzz-tree", "FuzzTree", ["DeviceTree", "Kexec", "PhysicalMemory"]),
    fuzzer("fuzz-iomem", "FuzzIomem", ["RunningKernel", "PhysicalMemory"]),
    fuzzer("fuzz-vmcoreinfo", "FuzzVMCoreInfo", ["CrashCore", "ELF"]),
    fuzzer("fuzz-elf", "FuzzELF", ["ELF", "BinaryFormat", "CrashCore", "PhysicalMemory"]),
    fuzzer("fuzz-kcore", "FuzzKcore", ["ELF", "CrashCore", "BinaryFormat"]),
    fuzzer("fuzz-ima", "FuzzIMA", ["IMA", "BinaryFormat"]),
    fuzzer("fuzz-range", "FuzzRange", ["PhysicalMemory"]),
    fuzzer("fuzz-tar", "FuzzTar", ["DeviceTree", "RunningKernel"]),
    fuzzer("fuzz-plan", "FuzzPlan", ["DeviceTree", "KernelImage", "Kexec", "PhysicalMemory"]),
    .target(
      name: "FuzzCompression",
      dependencies: ["FuzzSupport", .product(name: "Compression", package: "dtfix")]),
    .target(
      name: "FuzzKernel",
      dependencies: [
        "FuzzSupport", .product(name: "Compression", package: "dtfix"),
        .product(name: "KernelImage", package: "dtfix"),
      ]),
  ] + streams.map { fuzzer($0, of: "FuzzCompression") }
    + kernels.map { fuzzer($0, of: "FuzzKernel") }
)
