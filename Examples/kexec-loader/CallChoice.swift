// SPDX-License-Identifier: Apache-2.0

import Kexec

/// Which of the two system calls loads a kernel, and why that one.
struct CallChoice {
  let call: SystemCall
  let reason: String

  private init(_ call: SystemCall, _ reason: String) {
    self.call = call
    self.reason = reason
  }

  /// The call for a plan from a folder: there is no other.
  static let ofPlan = CallChoice(.kexecLoad, "a plan is segments, not files")

  /// The call for a kernel file. The first reason counts: what is asked for, what is possible, what is
  /// better.
  ///
  /// - Parameter isPacked: whether the kernel is within another file.
  init(asked: SystemCall?, for architecture: Architecture, isPacked: Bool, on status: Status) {
    if let asked {
      self.init(asked, "asked for")
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
      self.init(.kexecFileLoad, "nothing asked for needs a plan, so the kernel makes its own")
    } else {
      self.init(.kexecLoad, "whether the machine has kexec_file_load is not known")
    }
  }
}
