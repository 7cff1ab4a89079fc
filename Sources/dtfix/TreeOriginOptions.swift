// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
public import Loading

extension TreeOrigin: ExpressibleByArgument {}

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
