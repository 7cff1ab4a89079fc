/* SPDX-License-Identifier: Apache-2.0 */
/* kexec_load(2) and kexec_file_load(2), which the C library has no functions for. */
#define _GNU_SOURCE
#include "loader.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/kexec.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* What no kernel for this machine has. */
#ifndef SYS_kexec_load
#define SYS_kexec_load -1
#endif
#ifndef SYS_kexec_file_load
#define SYS_kexec_file_load -1
#endif

/* Whether the kernel has a call, if that is to be found out. It is asked without CAP_SYS_BOOT, by a
   child: a call that is permitted counts against kernel.kexec_load_limit_reboot, even one that fails. */
static uint32_t is_there(long call) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct none[2];
  int status;
  const pid_t child = fork();
  if (child == 0) {
    memset(none, 0, sizeof none);
    if (syscall(SYS_capset, &header, none) != 0) _exit(DTFIX_UNKNOWN);
    _exit(syscall(call, -1L, -1L, 0L, -1L, -1L) != 0 && errno == ENOSYS ? DTFIX_NO : DTFIX_YES);
  }
  if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) return DTFIX_UNKNOWN;
  return (uint32_t)WEXITSTATUS(status);
}

void ask_kernel(dtfix_machine_status *status) {
  status->has_kexec_load = is_there(SYS_kexec_load);
  status->has_kexec_file_load = is_there(SYS_kexec_file_load);
}

static int refused(const char *call) {
  const int code = errno == EPERM || errno == EACCES ? DTFIX_E_PERMISSION : DTFIX_E_SYSTEM;
  return failed(code, "%s: %s", call, strerror(errno));
}

static int load_segments(const dtfix_plan *plan, const dtfix_plan_info *info) {
  struct kexec_segment table[KEXEC_SEGMENT_MAX];
  dtfix_segment segment;
  dtfix_error *error = NULL;
  size_t index;
  memset(&segment, 0, sizeof segment);
  segment.struct_size = sizeof segment;
  if (info->segment_count > KEXEC_SEGMENT_MAX)
    return failed(DTFIX_E_NOT_OFFERED, "kexec_load: %zu segments, it takes %d", info->segment_count, KEXEC_SEGMENT_MAX);
  for (index = 0; index < info->segment_count; index++) {
    if (dtfix_plan_segment(plan, index, &segment, &error) != 0) return failed_by(&error);
    table[index].buf = segment.bytes;
    table[index].bufsz = segment.size;
    table[index].mem = (const void *)(uintptr_t)segment.memory.start;
    table[index].memsz = segment.memory.size;
  }
  if (syscall(SYS_kexec_load, (unsigned long)info->entry, (unsigned long)index, table,
              (unsigned long)info->flags) != 0)
    return refused("kexec_load");
  return 0;
}

/* What was checked is what is loaded: a file in memory, not one that somebody may have replaced. */
static int memory_file(const char *name, const void *bytes, size_t size) {
  const char *rest = bytes;
  const int file = (int)syscall(SYS_memfd_create, name, MFD_CLOEXEC);
  while (file >= 0 && size > 0) {
    const ssize_t written = write(file, rest, size);
    if (written < 0) {
      close(file);
      return -1;
    }
    rest += written;
    size -= (size_t)written;
  }
  return file;
}

static int load_files(const dtfix_plan_info *info) {
  const int kernel = memory_file("kernel", info->kernel, info->kernel_size);
  const int initrd = info->initrd == NULL ? -1 : memory_file("initrd", info->initrd, info->initrd_size);
  unsigned long flags = info->purpose == DTFIX_FOR_CRASH ? KEXEC_FILE_ON_CRASH : 0;
  int result = 0;
  if (info->initrd == NULL) flags |= KEXEC_FILE_NO_INITRAMFS;
  if (kernel < 0 || (info->initrd != NULL && initrd < 0))
    result = refused("memfd_create");
  else if (syscall(SYS_kexec_file_load, kernel, initrd, (unsigned long)info->command_line_size,
                   info->command_line, flags) != 0)
    result = refused("kexec_file_load");
  if (kernel >= 0) close(kernel);
  if (initrd >= 0) close(initrd);
  return result;
}

int make_call(const dtfix_plan *plan) {
  dtfix_plan_info info;
  dtfix_error *error = NULL;
  memset(&info, 0, sizeof info);
  info.struct_size = sizeof info;
  if (dtfix_plan_info_read(plan, &info, &error) != 0) return failed_by(&error);
  return info.call == DTFIX_CALL_KEXEC_LOAD ? load_segments(plan, &info) : load_files(&info);
}
