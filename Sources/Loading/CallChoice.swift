// SPDX-License-Identifier: Apache-2.0

public import Kexec

/// The system call that loads a kernel, and the reason for it.
public struct CallChoice: Hashable, Sendable {
  /// The call: ``SystemCall/kexecLoad`` or ``SystemCall/kexecFileLoad``.
  public let call: SystemCall
  /// The reason, in a few words.
  public let reason: String

  private init(_ call: SystemCall, _ reason: String) {
    self.call = call
    self.reason = reason
  }

  /// The call for a plan from a folder, which kexec_file_load(2) cannot load.
  public static let ofPlan = CallChoice(.kexecLoad, "a plan is segments, not files")

  /// The call for a set of files. The first reason counts: what is needed, what is possible, what is better.
  ///
  /// - Parameters:
  ///   - needs: what kexec_file_load(2) cannot do, a sentence each: ``LoadJob/planNeeds``.
  ///   - architecture: of the kernels.
  ///   - isPacked: whether the kernel is within another file.
  ///   - status: what the machine lets a loader do.
  /// - Throws: `KexecError` where no call meets the needs, before the kernel refuses it with EPERM.
  public init(
    needs: [String], for architecture: Architecture, isPacked: Bool, on status: KexecStatus
  ) throws(KexecError) {
    let unplanned =
      architecture.isPlanned
      ? nil : architecture.treeRefusal.map { "no plan is made for \(architecture): \($0)" }
    if let need = needs.first {
      if status.isLockedDown {
        throw KexecError(
          .noPermission,
          "\(need), and lockdown (\(status.lockdown ?? "")) forbids kexec_load, which would be needed"
        )
      }
      if let unplanned { throw KexecError(.notOffered, "\(need), and \(unplanned)") }
      if status.calls[.kexecLoad] == false {
        throw KexecError(.notOffered, "\(need), and this kernel has no kexec_load")
      }
      self.init(.kexecLoad, need)
    } else if status.isLockedDown {
      self.init(.kexecFileLoad, "lockdown requires a signed kernel, and the kernel verifies it")
    } else if let unplanned {
      self.init(.kexecFileLoad, unplanned)
    } else if status.calls[.kexecFileLoad] == false {
      self.init(.kexecLoad, "this kernel has no kexec_file_load")
    } else if status.calls[.kexecLoad] == false {
      self.init(.kexecFileLoad, "this kernel has no kexec_load")
    } else if isPacked {
      self.init(.kexecLoad, "kexec_file_load takes no packed kernel; the kernel inside is planned")
    } else if status.calls[.kexecFileLoad] == true {
      self.init(.kexecFileLoad, "no option needs a plan, so the kernel makes its own")
    } else {
      self.init(.kexecLoad, "it is not known whether the machine has kexec_file_load")
    }
  }

  /// The system call the caller chose, kexec_load(2) even under lockdown, where the kernel refuses it.
  ///
  /// - Parameter needs: what kexec_file_load(2) cannot do.
  /// - Throws: `KexecError` if another option needs the other call.
  public init(requested: SystemCall, _ needs: [String]) throws(KexecError) {
    if requested == .kexecFileLoad, let need = needs.first {
      throw KexecError(.usage, "\(need): that needs kexec_load, which is not requested")
    }
    self.init(requested, "requested")
  }
}

/// The system calls that load and start kernels; this package makes none of them.
public enum SystemCall: String, CaseIterable, Hashable, Sendable {
  /// kexec_load(2), which takes a plan: segments and where they go.
  case kexecLoad = "kexec_load"
  /// kexec_file_load(2), which takes a kernel, an initrd and a command line, and places them itself.
  case kexecFileLoad = "kexec_file_load"
  /// reboot(2), which starts what is loaded.
  case reboot
}
