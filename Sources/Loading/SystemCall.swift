// SPDX-License-Identifier: Apache-2.0

/// The system calls that load and start kernels; nothing here makes one.
public enum SystemCall: String, CaseIterable, Hashable, Sendable {
  /// kexec_load(2), which takes a plan: segments and where they go.
  case kexecLoad = "kexec_load"
  /// kexec_file_load(2), which takes a kernel, an initrd and a command line, and makes a plan of its own.
  case kexecFileLoad = "kexec_file_load"
  /// reboot(2), which starts what is loaded.
  case reboot
}
