// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
public import KernelImage
public import Kexec

/// A kernel that is to be started, and what it brings with it.
public struct KernelInput: Sendable {
  /// What messages call it.
  public let name: String
  /// The file, opened down to the kernel.
  public let file: KernelFile
  /// The kernel itself, unpacked: the bytes that its segments are ranges of.
  public let bytes: [UInt8]
  /// The initrd of a unified kernel image; nil for none.
  public let initrd: [UInt8]?
  /// The command line of a unified kernel image, up to a NUL and without blanks at its end; nil for none.
  public let commandLine: String?
  /// What it brings that is not used.
  public let notes: [String]

  /// Opens a file of any format.
  ///
  /// - Parameters:
  ///   - all: the bytes of the file.
  ///   - name: what messages call it.
  ///   - profile: which profile of a unified kernel image, from 0.
  ///   - progress: called now and then with the bytes that were unpacked so far.
  /// - Throws: `KexecError` for a file that is no kernel, or a damaged one.
  public init(
    _ all: [UInt8], named name: String, profile: Int = 0, progress: ((Int) -> Void)? = nil
  ) throws(KexecError) {
    do throws(KernelFileError) {
      file = try KernelFile(all.span, profile: profile, progress: progress)
    } catch {
      throw KexecError(error, in: name)
    }
    self.name = name
    bytes = file.layers.count > 1 ? file.bytes.copy(of: all.span) : all
    let own = file.profile
    initrd = own.flatMap { own in own.places.initrd.map { own.section($0).copy(of: all.span) } }
    let line = own.flatMap { own in
      own.places.commandLine.map { own.section($0).copy(of: all.span) }
    }
    commandLine = line?.textBeforeNUL
    let hasTree = own.map { $0.places.tree != nil || !$0.places.treesByMachine.isEmpty }
    notes =
      hasTree == true ? ["\(name): its own device tree is not used; another can be named"] : []
  }

  /// Whether there is a file around the kernel.
  public var isPacked: Bool { file.layers.count > 1 }

  /// The kernel as a plan needs it.
  ///
  /// - Throws: `KexecError.Kind.notOffered` for a good kernel of a kind that no plan is made for.
  public var image: KernelImage {
    get throws(KexecError) {
      do throws(KernelFileError) {
        return try file.image
      } catch {
        throw KexecError(error, in: name)
      }
    }
  }
}

extension KexecError {
  /// A file that is no kernel, or one that is not loaded.
  ///
  /// - Parameters:
  ///   - error: why not.
  ///   - file: what messages call it.
  public init(_ error: KernelFileError, in file: String) {
    self.init(Kind(error), "\(file): \(error)")
  }
}

extension KexecError.Kind {
  /// The kind of a kernel file's error: a kernel that is not loaded is not malformed.
  package init(_ error: KernelFileError) {
    switch error.reason {
    case .noProfile, .kernels(count: 0, _, of: 2...): self = .usage
    case .notLoaded, .thirtyTwoBit: self = .notOffered
    default: self = .malformedInput
    }
  }
}
