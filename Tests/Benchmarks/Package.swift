// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let package = Package(
  name: "Benchmarks",
  dependencies: [.package(name: "dtfix", path: "../..")],
  targets: [
    .target(
      name: "CPeer",
      linkerSettings: ["fdt", "z", "zstd", "lzma", "lz4"].map { .linkedLibrary($0) }),
    .executableTarget(name: "peer-lzo", path: "Sources/PeerLZO"),
    .executableTarget(name: "peer", dependencies: ["CPeer"], path: "Sources/Peer"),
    .executableTarget(
      name: "bench",
      dependencies: [
        "CPeer", .product(name: "DeviceTree", package: "dtfix"),
        .product(name: "Kexec", package: "dtfix"),
        .product(name: "CrashCore", package: "dtfix"),
        .product(name: "Loading", package: "dtfix"),
        .product(name: "KernelImage", package: "dtfix"),
      ],
      path: "Sources/Bench"),
  ]
)
