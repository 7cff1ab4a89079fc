// SPDX-License-Identifier: Apache-2.0

public import Kexec

/// Which of the two system calls loads a kernel, and why that one.
public struct CallChoice: Hashable, Sendable {
  /// The call: ``SystemCall/kexecLoad`` or ``SystemCall/kexecFileLoad``.
  public let call: SystemCall
  /// Why, in a few words.
  public let reason: String

  private init(_ call: SystemCall, _ reason: String) {
    self.call = call
    self.reason = reason
  }

  /// The call for a plan from a folder: there is no other.
  public static let ofPlan = CallChoice(.kexecLoad, "a plan is segments, not files")

  /// The call for a set of files. The first reason counts: what is needed, what is possible, what is better.
  ///
  /// - Parameters:
  ///   - needs: what kexec_file_load(2) has no way to do, a sentence each: ``LoadJob/planNeeds``.
  ///   - architecture: of the kernels.
  ///   - isPacked: whether the kernel is within another file.
  ///   - status: what the machine lets a loader do.
  /// - Throws: `KexecError` where what is needed is not to be had: better said early than by EPERM.
  public init(
    needs: [String], for architecture: Architecture, isPacked: Bool, on status: KexecStatus
  ) throws(KexecError) {
    if let need = needs.first {
      try self.init(need: need, for: architecture, on: status)
    } else if status.isLockedDown {
      self.init(.kexecFileLoad, "lockdown takes signed kernels only, which the kernel checks")
    } else if !architecture.isPlanned, let refusal = architecture.treeRefusal {
      self.init(.kexecFileLoad, "no plan is made for \(architecture): \(refusal)")
    } else if status.calls[.kexecFileLoad] == false {
      self.init(.kexecLoad, "this kernel has no kexec_file_load")
    } else if status.calls[.kexecLoad] == false {
      self.init(.kexecFileLoad, "this kernel has no kexec_load")
    } else if isPacked {
      self.init(.kexecLoad, "kexec_file_load takes no packed kernel: the one in it is planned for")
    } else if status.calls[.kexecFileLoad] == true {
      self.init(.kexecFileLoad, "nothing requested needs a plan, so the kernel makes its own")
    } else {
      self.init(.kexecLoad, "whether the machine has kexec_file_load is not known")
    }
  }

  /// The system call the caller chose, kexec_load(2) even under lockdown, where the kernel refuses it.
  ///
  /// - Parameters:
  ///   - requested: the call.
  ///   - needs: what kexec_file_load(2) has no way to do.
  /// - Throws: `KexecError` if another option needs the other call.
  public init(requested: SystemCall, _ needs: [String]) throws(KexecError) {
    if requested == .kexecFileLoad, let need = needs.first {
      throw KexecError(.usage, "\(need): that takes kexec_load, which is not requested")
    }
    self.init(requested, "requested")
  }

  /// kexec_load(2), as nothing else will do.
  private init(
    need: String, for architecture: Architecture, on status: KexecStatus
  ) throws(KexecError) {
    if status.isLockedDown {
      throw KexecError(
        .noPermission,
        "\(need), and lockdown (\(status.lockdown ?? "")) forbids kexec_load, which would be needed"
      )
    }
    if !architecture.isPlanned, let refusal = architecture.treeRefusal {
      throw KexecError(
        .notOffered, "\(need), and no plan is made for \(architecture): \(refusal)")
    }
    if status.calls[.kexecLoad] == false {
      throw KexecError(.notOffered, "\(need), and this kernel has no kexec_load")
    }
    self.init(.kexecLoad, need)
  }
}
