// SPDX-License-Identifier: Apache-2.0
//
// Loads the plan folder that `dtfix plan -o DIR` writes, by kexec_load(2), and starts it. It checks
// nothing that the kernel does not check: the tests want to see what the kernel says to a plan.
//
//   load -l DIR    load the next kernel       load -e    start it
//   load -p DIR    load the crash kernel      load -u    unload both

#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/// What a manifest says.
struct plan {
  unsigned long entry, flags, count;
  struct kexec_segment segments[KEXEC_SEGMENT_MAX];
};

/// Prints a line and ends the program.
__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("load: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  exit(1);
}

/// The flag that says for which kind of machine the segments are.
static unsigned long arch_flag(const char *name) {
  static const struct {
    const char *name;
    unsigned long flag;
  } archs[] = {{"aarch64", KEXEC_ARCH_AARCH64},     {"riscv64", KEXEC_ARCH_RISCV},
               {"ppc64", KEXEC_ARCH_PPC64},         {"ppc64le", KEXEC_ARCH_PPC64},
               {"loongarch64", KEXEC_ARCH_LOONGARCH}, {"x86_64", KEXEC_ARCH_X86_64}};
  for (size_t i = 0; i < sizeof archs / sizeof *archs; i++)
    if (strcmp(archs[i].name, name) == 0) return archs[i].flag;
  fail("unknown architecture %s", name);
}

/// Maps a file of the plan folder; its bytes are the start of the segment, the rest is zero.
static void map_file(int folder, const char *name, struct kexec_segment *segment) {
  struct stat status;
  int file = openat(folder, name, O_RDONLY | O_CLOEXEC);
  if (file < 0 || fstat(file, &status) < 0) fail("%s: %s", name, strerror(errno));
  segment->bufsz = (size_t)status.st_size;
  if (segment->bufsz == 0) return;
  segment->buf = mmap(NULL, segment->bufsz, PROT_READ, MAP_PRIVATE, file, 0);
  if (segment->buf == MAP_FAILED) fail("%s: %s", name, strerror(errno));
  close(file);
}

/// Reads one line of a manifest, a fact, with numbers in hex; others are skipped.
static void read_line(struct plan *plan, int folder, const char *line) {
  char name[64], file[256];
  unsigned long start, size;
  if (sscanf(line, "arch %63s", name) == 1) {
    plan->flags |= arch_flag(name);
  } else if (sscanf(line, "flags %lx", &size) == 1) {
    plan->flags |= size;
  } else if (sscanf(line, "entry %lx", &start) == 1) {
    plan->entry = start;
  } else if (sscanf(line, "segment %63s %lx %lx %255s", name, &start, &size, file) == 4) {
    if (plan->count == KEXEC_SEGMENT_MAX) fail("more than %d segments", KEXEC_SEGMENT_MAX);
    struct kexec_segment *segment = &plan->segments[plan->count++];
    segment->mem = (void *)start;
    segment->memsz = size;
    map_file(folder, file, segment);
  }
}

/// Reads the plan in a folder.
static struct plan read_plan(const char *path) {
  struct plan plan = {0};
  char line[512];
  int folder = open(path, O_DIRECTORY | O_CLOEXEC);
  int file = folder < 0 ? -1 : openat(folder, "manifest", O_RDONLY | O_CLOEXEC);
  FILE *manifest = file < 0 ? NULL : fdopen(file, "r");
  if (!manifest) fail("%s: %s", path, strerror(errno));
  if (!fgets(line, sizeof line, manifest) || strcmp(line, "dtfix-plan 1\n") != 0)
    fail("%s: not a plan of version 1", path);
  while (fgets(line, sizeof line, manifest)) read_line(&plan, folder, line);
  fclose(manifest);
  return plan;
}

/// kexec_load(2), which the C library does not know.
static void kexec_load(const struct plan *plan) {
  if (syscall(SYS_kexec_load, plan->entry, plan->count, plan->segments, plan->flags) < 0)
    fail("kexec_load: %s (%d)", strerror(errno), errno);
}

int main(int count, char **arguments) {
  int option = getopt(count, arguments, "l:p:ue");
  if (option == 'l' || option == 'p') {
    struct plan plan = read_plan(optarg);
    if (option == 'p' && !(plan.flags & KEXEC_ON_CRASH)) fail("%s: not a crash plan", optarg);
    if (option == 'l' && plan.flags & KEXEC_ON_CRASH) fail("%s: a crash plan", optarg);
    kexec_load(&plan);
  } else if (option == 'u') {
    kexec_load(&(struct plan){0});
    kexec_load(&(struct plan){.flags = KEXEC_ON_CRASH});
  } else if (option == 'e') {
    sync();
    syscall(SYS_reboot, 0xfee1dead, 672274793, 0x45584543 /* LINUX_REBOOT_CMD_KEXEC */, NULL);
    fail("reboot: %s (%d)", strerror(errno), errno);
  } else {
    fputs("usage: load -l DIR | -p DIR | -e | -u\n", stderr);
    return 64;
  }
  return 0;
}
