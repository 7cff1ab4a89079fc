// SPDX-License-Identifier: Apache-2.0
// System calls that the C library has no function for, and Swift no way to make: syscall(2) takes a
// variable number of arguments. Each function returns 0, or the errno.
#ifndef CKEXEC_H
#define CKEXEC_H

#include <errno.h>
#include <linux/capability.h>
#include <linux/kexec.h>
#include <linux/memfd.h>
#include <linux/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

// What headers older than the kernel do not know.
#ifndef SYS_kexec_load
#define SYS_kexec_load -1
#endif
#ifndef SYS_kexec_file_load
#define SYS_kexec_file_load -1
#endif
#ifndef KEXEC_FILE_DEBUG
#define KEXEC_FILE_DEBUG 0x00000008
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
// What <linux/fcntl.h> has, whose struct flock is not the C library's.
#ifndef F_ADD_SEALS
#define F_ADD_SEALS 1033
#define F_SEAL_SEAL 0x0001
#define F_SEAL_SHRINK 0x0002
#define F_SEAL_GROW 0x0004
#define F_SEAL_WRITE 0x0008
#endif

/// kexec_load(2); no segments unload.
static inline int ckexec_load(unsigned long entry, unsigned long count,
                              const struct kexec_segment *segments, unsigned long flags) {
  return syscall(SYS_kexec_load, entry, count, segments, flags) == 0 ? 0 : errno;
}

/// kexec_file_load(2); the size of the command line is with its NUL.
static inline int ckexec_file_load(int kernel, int initrd, unsigned long size, const char *line,
                                   unsigned long flags) {
  return syscall(SYS_kexec_file_load, kernel, initrd, size, line, flags) == 0 ? 0 : errno;
}

/// reboot(2) into the loaded kernel: comes back only when it failed.
static inline int ckexec_execute(void) {
  return syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_KEXEC, 0) == 0
             ? 0
             : errno;
}

/// The effective capabilities of this thread, in the two words of capget(2).
static inline int ckexec_capabilities(struct __user_cap_data_struct words[2]) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  return syscall(SYS_capget, &header, words) == 0 ? 0 : errno;
}

/// Whether this thread has CAP_SYS_BOOT in effect.
static inline int ckexec_may_boot(void) {
  struct __user_cap_data_struct words[2];
  return ckexec_capabilities(words) == 0 && (words[0].effective & 1u << CAP_SYS_BOOT) != 0;
}

/// What a kernel answers to one of the two calls when this thread may not make it: ENOSYS when it does
/// not have the call, else EPERM, before it counts the call or looks at an argument. Another errno is
/// that of giving up CAP_SYS_BOOT, for as long as this takes.
static inline int ckexec_probe(long call) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct all[2], fewer[2];
  if (ckexec_capabilities(all) != 0) return errno;
  fewer[0] = all[0];
  fewer[1] = all[1];
  fewer[0].effective &= ~(1u << CAP_SYS_BOOT);
  if (syscall(SYS_capset, &header, fewer) != 0) return errno;
  // If it were made all the same, these would be too many segments, and unknown flags.
  int answer = syscall(call, -1L, -1L, 0L, -1L, -1L) == 0 ? 0 : errno;
  syscall(SYS_capset, &header, all);
  return answer;
}
static inline int ckexec_probe_load(void) { return ckexec_probe(SYS_kexec_load); }
static inline int ckexec_probe_file_load(void) { return ckexec_probe(SYS_kexec_file_load); }

/// A file in memory that can be sealed; -1 and errno for none. Kernels before 6.3 do not know files that
/// can never be executed, later ones may ask for them.
static inline int ckexec_memory_file(const char *name) {
  unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  int file = (int)syscall(SYS_memfd_create, name, flags | MFD_NOEXEC_SEAL);
  return file < 0 && errno == EINVAL ? (int)syscall(SYS_memfd_create, name, flags) : file;
}

/// Nothing can change the file from here on.
static inline int ckexec_seal(int file) {
  int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  return syscall(SYS_fcntl, file, F_ADD_SEALS, seals) == 0 ? 0 : errno;
}

#endif
