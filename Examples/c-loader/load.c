/* SPDX-License-Identifier: Apache-2.0 */
/* load and load-crash: files in, a plan out, shown, written and loaded. */
#define _GNU_SOURCE
#include "loader.h"
#include "kexec.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

static dtfix_segment segment_of(const dtfix_plan *plan, size_t index) {
  dtfix_segment segment = {.struct_size = sizeof segment};
  try(dtfix_plan_segment(plan, index, &segment, &error));
  return segment;
}

/* The report begins with the call, and why that one. */
static void show(const dtfix_plan *plan, const dtfix_plan_info *info, const dtfix_report *report) {
  dtfix_buffer *text = NULL;
  size_t index;
  try(dtfix_report_text(report, &text, &error));
  print(stdout, dtfix_buffer_bytes(text));
  dtfix_buffer_free(&text);
  for (index = 0; index < info->segment_count; index++) {
    const dtfix_segment segment = segment_of(plan, index);
    printf("segment %-12s 0x%" PRIx64 "+0x%" PRIx64 ", %zu bytes\n", segment.name, segment.memory.start,
           segment.memory.size, segment.size);
  }
  if (info->call == DTFIX_CALL_KEXEC_LOAD) printf("entry 0x%" PRIx64 "\n", info->entry);
  if (info->kernel != NULL) printf("kernel %zu bytes\n", info->kernel_size);
  if (info->initrd != NULL) printf("initrd %zu bytes\n", info->initrd_size);
  if (info->command_line != NULL) {
    fputs("command line ", stdout);
    print(stdout, info->command_line);
    putchar('\n');
  }
}

/* Writes what a function of the library makes of a plan. */
static void write_text(
    int folder, const char *name, const dtfix_plan *plan,
    int (*make)(const dtfix_plan *, dtfix_buffer **, dtfix_error **)) {
  dtfix_buffer *text = NULL;
  try(make(plan, &text, &error));
  write_file(folder, name, dtfix_buffer_bytes(text), dtfix_buffer_size(text));
  dtfix_buffer_free(&text);
}

/* Writes the folder that `dtfix plan -o` writes. The manifest comes last: without it a folder is no plan. */
static void write_plan(const char *path, const dtfix_plan *plan, const dtfix_plan_info *info) {
  char name[256];
  size_t index;
  const int folder = mkdir(path, 0700) == 0 ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
  if (folder < 0) fail(EXIT_CANTCREAT_, "%s: %s", path, strerror(errno));
  for (index = 0; index < info->segment_count; index++) {
    const dtfix_segment segment = segment_of(plan, index);
    snprintf(name, sizeof name, "%s.bin", segment.name);
    write_file(folder, name, segment.bytes, segment.size);
  }
  write_text(folder, "plan.json", plan, dtfix_plan_json);
  write_text(folder, "manifest", plan, dtfix_plan_manifest);
  close(folder);
}

static void check_call(const char *name, int why) {
  const int code = why == EPERM || why == EACCES ? DTFIX_E_PERMISSION : DTFIX_E_SYSTEM;
  if (why != 0) fail(code, "%s: %s", name, strerror(why));
}

static void load_segments(const dtfix_plan *plan, const dtfix_plan_info *info) {
  struct kexec_segment table[KEXEC_SEGMENT_MAX];
  size_t index;
  if (info->segment_count > KEXEC_SEGMENT_MAX)
    fail(DTFIX_E_NOT_OFFERED, "kexec_load: %zu segments, it takes %d", info->segment_count, KEXEC_SEGMENT_MAX);
  for (index = 0; index < info->segment_count; index++) {
    const dtfix_segment segment = segment_of(plan, index);
    table[index] = (struct kexec_segment){
        .buf = segment.bytes, .bufsz = segment.size,
        .mem = (const void *)(uintptr_t)segment.memory.start, .memsz = segment.memory.size};
  }
  check_call("kexec_load", ckexec_load(info->entry, info->segment_count, table, info->flags));
}

static int memory_file(const char *name, const void *bytes, size_t size) {
  const int file = ckexec_memory_file(name, bytes, size);
  if (file < 0) check_call("memfd_create", -file);
  return file;
}

static void load_files(const dtfix_plan_info *info) {
  const int kernel = memory_file("kernel", info->kernel, info->kernel_size);
  const int initrd = info->initrd == NULL ? -1 : memory_file("initrd", info->initrd, info->initrd_size);
  const unsigned long flags = (info->purpose == DTFIX_FOR_CRASH ? KEXEC_FILE_ON_CRASH : 0) |
                              (info->initrd == NULL ? KEXEC_FILE_NO_INITRAMFS : 0);
  check_call("kexec_file_load",
             ckexec_file_load(kernel, initrd, info->command_line_size, info->command_line, flags));
}

/* Only the kernel itself can tell which calls it has. */
static uint32_t answer(int probe) { return probe == ENOSYS ? DTFIX_NO : probe == EPERM ? DTFIX_YES : DTFIX_UNKNOWN; }

/* Everything is made and checked before anything is shown, shown before it is written, and written before it is loaded. */
int load(struct request *request) {
  dtfix_machine_status status = {.struct_size = sizeof status};
  dtfix_plan_info info = {.struct_size = sizeof info};
  dtfix_machine *machine = NULL;
  dtfix_plan *plan = NULL;
  dtfix_report *report = NULL;
  try(dtfix_machine_open(request->root, &machine, &error));
  try(dtfix_machine_status_read(machine, &status, &error));
  if (request->root == NULL) {
    status.has_kexec_load = answer(ckexec_probe_load());
    status.has_kexec_file_load = answer(ckexec_probe_file_load());
  }
  request->options.status = &status;
  try(dtfix_plan_make(request->files, machine, &request->options, &plan, &report, &error));
  try(dtfix_plan_info_read(plan, &info, &error));
  show(plan, &info, report);
  if (request->output != NULL) write_plan(request->output, plan, &info);
  if (!request->really) puts("nothing was loaded");
  else if (info.call == DTFIX_CALL_KEXEC_LOAD) load_segments(plan, &info);
  else load_files(&info);
  dtfix_report_free(&report);
  dtfix_plan_free(&plan);
  dtfix_machine_free(&machine);
  return 0;
}
