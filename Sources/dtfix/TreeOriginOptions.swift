// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// Which of its trees a machine gives.
enum TreeOrigin: String, ExpressibleByArgument, CaseIterable {
  /// The blob that the kernel was booted with.
  case flat
  /// The tree that the kernel works with now.
  case live
}

/// Where a machine's tree is taken from.
struct TreeOriginOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Which of the machine's trees: flat, /sys/firmware/fdt, or live, put together from \
      /proc/device-tree. By default the flat one; on powerpc, where it is not kept up to date, and where \
      there is no flat one, the live one.
      """, valueName: "tree"))
  var from: TreeOrigin?
}
