// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let libraries = ["CrashCore", "DeviceTree", "KernelImage", "Kexec", "Loading"]

let package = Package(
  name: "Fuzz",
  dependencies: [.package(name: "dtfix", path: "../..")],
  targets: [
    .executableTarget(
      name: "fuzz", dependencies: libraries.map { .product(name: $0, package: "dtfix") },
      path: "Sources/Fuzz")
  ]
)
