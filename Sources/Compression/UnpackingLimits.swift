// SPDX-License-Identifier: Apache-2.0

/// What unpacking may take.
///
/// Memory in use is never more than both together and less than 1 MiB of buffers, whatever the stream.
public struct UnpackingLimits: Hashable, Sendable {
  /// The most bytes of output: 1 GiB unless changed.
  public var size = 1 << 30
  /// The most bytes of a decoder's own memory, its window or dictionary: 192 MiB unless changed.
  public var memory = 192 << 20

  /// The limits that kernels stay far below.
  public init() {}
}
