// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

/// The rules every target of ours is compiled by.
let rules: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// A library target: its name, and the modules below it.
func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: rules)
}

/// The tests of a target: in `Tests/NAMETests`.
func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: name + "Tests", dependencies: [.byName(name: name), "TestSupport"] + dependencies,
    swiftSettings: rules)
}

let package = Package(
  name: "dtfix",
  products: [
    .executable(name: "dtfix", targets: ["dtfix"]),
    // Each with the modules whose types are in its public declarations.
    .library(name: "DeviceTree", targets: ["DeviceTree"]),
    .library(name: "KernelImage", targets: ["KernelImage", "BinaryFormat", "Compression", "ELF"]),
    .library(name: "CrashCore", targets: ["CrashCore", "BinaryFormat", "ELF", "PhysicalMemory"]),
    .library(
      name: "Kexec",
      targets: [
        "Kexec", "KexecCheck", "KexecFacts", "KexecMerge", "KexecPlan", "KexecRules", "KexecTree",
        "IMA", "PhysicalMemory",
      ]),
    .library(name: "Loading", targets: ["Loading", "RunningKernel"]),
    // What libdtfix is linked of, by Sources/CDTFix/link.
    .library(name: "DTFixABI", type: .static, targets: ["DTFixABI"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-system", from: "1.5.0"),
  ],
  targets: [
    .systemLibrary(name: "CLibFDT", providers: [.apt(["libfdt-dev"])]),
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CZstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CLZMA", providers: [.apt(["liblzma-dev"])]),
    .systemLibrary(name: "CLZ4", providers: [.apt(["liblz4-dev"])]),
    library("BinaryFormat"),
    library("Compression", ["BinaryFormat", "CLZ4", "CLZMA", "CZlib", "CZstd"]),
    library("JSONText"),
    library("PhysicalMemory", ["BinaryFormat"]),
    library("MemoryPicture", ["BinaryFormat", "PhysicalMemory"]),
    library("Files", [.product(name: "SystemPackage", package: "swift-system")]),
    library("ELF", ["BinaryFormat"]),
    library("CrashCore", ["BinaryFormat", "ELF", "PhysicalMemory"]),
    library("KernelImage", ["BinaryFormat", "Compression", "ELF"]),
    library("IMA", ["BinaryFormat"]),
    library("DeviceTree", ["CLibFDT", "BinaryFormat"]),
    library(
      "KexecFacts",
      ["BinaryFormat", "CrashCore", "DeviceTree", "ELF", "PhysicalMemory"]),
    library(
      "KexecRules",
      ["BinaryFormat", "CrashCore", "DeviceTree", "ELF", "KexecFacts", "PhysicalMemory"]),
    library(
      "KexecCheck",
      [
        "BinaryFormat", "CrashCore", "DeviceTree", "ELF", "IMA", "KernelImage",
        "KexecFacts", "KexecRules", "PhysicalMemory",
      ]),
    library(
      "KexecMerge",
      ["BinaryFormat", "DeviceTree", "KexecFacts", "KexecRules", "PhysicalMemory"]),
    library(
      "KexecTree",
      [
        "BinaryFormat", "DeviceTree", "KexecCheck", "KexecFacts", "KexecMerge",
        "KexecRules", "PhysicalMemory",
      ]),
    library(
      "KexecPlan",
      [
        "BinaryFormat", "CrashCore", "DeviceTree", "ELF", "IMA", "KernelImage",
        "KexecCheck", "KexecFacts", "KexecMerge", "KexecRules", "KexecTree", "PhysicalMemory",
      ]),
    // All of them under one name.
    library(
      "Kexec",
      ["KexecCheck", "KexecFacts", "KexecMerge", "KexecPlan", "KexecRules", "KexecTree"]),
    library(
      "RunningKernel",
      [
        "BinaryFormat", "CrashCore", "DeviceTree", "ELF", "Files", "Kexec", "PhysicalMemory",
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
    library(
      "Loading",
      [
        "BinaryFormat", "CrashCore", "DeviceTree", "ELF", "Files", "IMA", "KernelImage", "Kexec",
        "PhysicalMemory", "RunningKernel",
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
    library(
      "Reports",
      [
        "BinaryFormat", "CrashCore", "DeviceTree", "ELF", "IMA", "JSONText", "KernelImage", "Kexec",
        "Loading", "PhysicalMemory", "RunningKernel",
      ]),
    .target(name: "CDTFix", exclude: ["dtfix.pc.in", "libdtfix.map", "link"]),
    library(
      "DTFixABI",
      [
        "BinaryFormat", "CDTFix", "CrashCore", "DeviceTree", "ELF", "JSONText", "KernelImage",
        "Kexec", "Loading", "PhysicalMemory", "Reports", "RunningKernel",
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
    .executableTarget(
      name: "dtfix",
      dependencies: [
        "BinaryFormat", "Compression", "CrashCore", "DeviceTree", "ELF", "Files", "IMA", "JSONText",
        "KernelImage", "Kexec", "Loading", "MemoryPicture", "PhysicalMemory", "Reports",
        "RunningKernel", .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: rules),

    .executableTarget(
      name: "patch-tree",
      dependencies: [
        "DeviceTree", "Kexec", "Loading", "PhysicalMemory",
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      path: "Examples/PatchTree", swiftSettings: rules),
    .systemLibrary(name: "CKexec", path: "Examples/kexec-loader/CKexec"),
    .executableTarget(
      name: "kexec-loader",
      dependencies: [
        "CKexec", "CrashCore", "DeviceTree", "KernelImage", "Kexec", "Loading", "PhysicalMemory",
        "RunningKernel", .product(name: "SystemPackage", package: "swift-system"),
      ],
      path: "Examples/kexec-loader", exclude: ["CKexec"], swiftSettings: rules),

    .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: rules),
    tests("BinaryFormat"),
    tests("Compression"),
    tests("JSONText"),
    tests("PhysicalMemory"),
    tests("MemoryPicture", ["PhysicalMemory"]),
    tests("ELF", ["BinaryFormat"]),
    tests("CrashCore", ["BinaryFormat", "ELF", "PhysicalMemory"]),
    tests("KernelImage", ["BinaryFormat", "Compression", "ELF"]),
    tests("IMA", ["BinaryFormat"]),
    tests("DeviceTree", ["BinaryFormat", "JSONText", "Reports"]),
    tests(
      "Kexec",
      [
        "BinaryFormat", "CrashCore", "DeviceTree", "ELF", "KernelImage", "KexecCheck", "KexecFacts",
        "KexecMerge", "KexecPlan", "KexecRules", "KexecTree", "PhysicalMemory", "Reports",
        "RunningKernel", .product(name: "SystemPackage", package: "swift-system"),
      ]),
    tests(
      "Loading",
      [
        "dtfix", "DeviceTree", "KernelImage", "Kexec", "PhysicalMemory", "RunningKernel",
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
    tests("RunningKernel", ["DeviceTree", "Files", "Kexec", "PhysicalMemory"]),
    tests("DTFixABI", ["CDTFix"]),
    tests("dtfix", ["DeviceTree", "Kexec", "patch-tree"]),
    .testTarget(
      name: "LoaderTests",
      dependencies: [
        "kexec-loader", "dtfix", "Kexec", "Loading", "TestSupport",
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: rules),
  ]
)
