// SPDX-License-Identifier: Apache-2.0

public import DeviceTree
public import PhysicalMemory

/// The reason there can be no tree, or no plan, for the next kernel.
public enum PlanError: Error, Hashable, Sendable {
  /// The tree cannot be read or edited as needed.
  case tree(DeviceTreeError)
  /// An overlay, of this name, does not fit the tree.
  case overlay(String, DeviceTreeError)
  /// The next kernel's architecture takes no tree from this package.
  case unsupported(architecture: String, reason: String)
  /// `linux,initrd-start` without `linux,initrd-end`, or one that is neither 4 nor 8 bytes.
  case badInitrd(property: String)
  /// The command line, of so many bytes, does not fit the kernel's buffer with its NUL.
  case commandLineTooLong(size: Int, limit: Int, architecture: String)
  /// The command line has a NUL byte, which would end it.
  case commandLineHasNUL
  /// An initrd at address 0 means "none" to the kernel.
  case initrdAtZero
  /// The initrd is not all in memory that the machine has.
  case notInSystemRAM(PhysicalRange)
  /// A seed of another size than readers accept.
  case seedSize(property: String, size: Int, expected: Int)
  /// The finished tree does not pass the rules by which the next kernel reads it.
  case notAccepted([Finding])
}

extension PlanError: CustomStringConvertible {
  /// One line: where, what was found, what the rule is.
  public var description: String {
    switch self {
    case .tree(let error):
      "\(error)"
    case .overlay(_, let error):
      "\(error)"
    case .unsupported(let architecture, let reason):
      "\(architecture): \(reason)"
    case .badInitrd(let property):
      """
      /chosen: property '\(property)': linux,initrd-start and -end must both be there, 4 or 8 bytes \
      each (drivers/of/kexec.c refuses such a tree)
      """
    case .commandLineTooLong(let size, let limit, let architecture):
      """
      the command line has \(size) bytes; a kernel for \(architecture) keeps \(limit - 1) and \
      silently cuts the rest (COMMAND_LINE_SIZE)
      """
    case .commandLineHasNUL:
      "the command line has a NUL byte; the kernel would end it there"
    case .initrdAtZero:
      "an initrd at address 0 means no initrd to the kernel (drivers/of/kexec.c)"
    case .notInSystemRAM(let range):
      "the initrd at \(range) is not all in System RAM of /proc/iomem"
    case .seedSize(let property, let size, let expected):
      "/chosen: property '\(property)': \(size) bytes; the kernel reads exactly \(expected)"
    case .notAccepted(let findings):
      findings.map(\.description).joined(separator: "; ")
    }
  }
}
