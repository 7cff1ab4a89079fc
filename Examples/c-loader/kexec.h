/* SPDX-License-Identifier: Apache-2.0 */
/* The system calls of kexec, which the C library lacks. Each function returns 0 or an errno. */
#ifndef CKEXEC_H
#define CKEXEC_H

#include <errno.h>
#include <linux/capability.h>
#include <linux/kexec.h>
#include <linux/memfd.h>
#include <linux/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Calls that this machine does not have, and constants that older headers do not have. */
#ifndef SYS_kexec_load
#define SYS_kexec_load -1
#endif
#ifndef SYS_kexec_file_load
#define SYS_kexec_file_load -1
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

/* kexec_load(2); 0 segments unload the kernel. */
static inline int ckexec_load(
    unsigned long entry, unsigned long count, const struct kexec_segment *segments, unsigned long flags) {
  return syscall(SYS_kexec_load, entry, count, segments, flags) == 0 ? 0 : errno;
}

/* kexec_file_load(2); the size of the command line counts the NUL. */
static inline int ckexec_file_load(
    int kernel, int initrd, unsigned long size, const char *line, unsigned long flags) {
  return syscall(SYS_kexec_file_load, kernel, initrd, size, line, flags) == 0 ? 0 : errno;
}

/* reboot(2) into the loaded kernel; returns only on failure. */
static inline int ckexec_execute(void) {
  sync();
  syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_KEXEC, 0);
  return errno;
}

/* Whether this thread has CAP_SYS_BOOT in effect. */
static inline int ckexec_may_boot(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct words[2];
  return syscall(SYS_capget, &header, words) == 0 && (words[0].effective & 1u << CAP_SYS_BOOT) != 0;
}

/* Makes a call without CAP_SYS_BOOT, which is restored afterwards: ENOSYS if the kernel does not have the call, else
   EPERM. With the capability, even a call that fails counts against kernel.kexec_load_limit_reboot
   (kernel/kexec_core.c:kexec_load_permitted). */
static inline int ckexec_probe(long call) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct all[2], fewer[2];
  int answer;
  if (syscall(SYS_capget, &header, all) != 0) return errno;
  fewer[0] = all[0], fewer[1] = all[1];
  fewer[0].effective &= ~(1u << CAP_SYS_BOOT);
  if (syscall(SYS_capset, &header, fewer) != 0) return errno;
  /* Too many segments and unknown flags, so that the call fails even if it is permitted. */
  answer = syscall(call, -1L, -1L, 0L, -1L, -1L) == 0 ? 0 : errno;
  syscall(SYS_capset, &header, all);
  return answer;
}
static inline int ckexec_probe_load(void) { return ckexec_probe(SYS_kexec_load); }
static inline int ckexec_probe_file_load(void) { return ckexec_probe(SYS_kexec_file_load); }

/* Makes a sealed file in memory, which nothing can change before it is loaded; a negated errno on failure. */
static inline int ckexec_memory_file(const char *name, const void *bytes, size_t size) {
  const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  const char *rest = (const char *)bytes;
  int why, file = (int)syscall(SYS_memfd_create, name, flags | MFD_NOEXEC_SEAL);
  /* Linux before 6.3 does not have MFD_NOEXEC_SEAL. */
  if (file < 0 && errno == EINVAL) file = (int)syscall(SYS_memfd_create, name, flags);
  if (file < 0) return -errno;
  while (size > 0) {
    const ssize_t written = write(file, rest, size);
    if (written < 0) break;
    rest += written, size -= (size_t)written;
  }
  /* F_ADD_SEALS: F_SEAL_SEAL, _SHRINK, _GROW and _WRITE. <linux/fcntl.h> and <fcntl.h> exclude each other. */
  if (size == 0 && syscall(SYS_fcntl, file, 1033, 0xf) == 0) return file;
  why = errno;
  close(file);
  return -why;
}

#endif
