// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let package = Package(
  name: "Fuzz",
  dependencies: [.package(name: "dtfix", path: "../..")],
  targets: [
    .executableTarget(
      name: "fuzz-tree",
      dependencies: [
        .product(name: "DeviceTree", package: "dtfix"), .product(name: "Kexec", package: "dtfix"),
      ],
      path: "Sources/FuzzTree",
      swiftSettings: [.unsafeFlags(["-parse-as-library"])])
  ]
)
