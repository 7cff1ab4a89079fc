/* SPDX-License-Identifier: Apache-2.0 */
/* capture and check: what takes no plan. */
#define _POSIX_C_SOURCE 200809L
#include "loader.h"

#include <fcntl.h>
#include <libfdt.h>
#include <string.h>
#include <unistd.h>

/* Prints the findings of a report, a line each; returns whether there are any. */
static int show_findings(const char *name, const dtfix_report *report) {
  const size_t count = dtfix_report_finding_count(report);
  dtfix_finding finding = {.struct_size = sizeof finding};
  size_t index;
  for (index = 0; index < count; index++) {
    try(dtfix_report_finding(report, index, &finding, &error));
    const char *const words[] = {name, ": ", finding.place, ": ", finding.text, " [", finding.rule, "]"};
    const size_t length = finding.rule[0] == '\0' ? 5 : 8;
    for (size_t word = 0; word < length; word++) print(stdout, words[word]);
    putchar('\n');
  }
  return count > 0;
}

/* What is not in a capture is no failure: it is printed. */
int capture(struct request *request) {
  dtfix_machine *machine = NULL;
  dtfix_buffer *archive = NULL;
  dtfix_report *report = NULL;
  try(dtfix_machine_open(request->root, &machine, &error));
  try(dtfix_machine_capture(machine, 0, &archive, &report, &error));
  show_findings(request->output, report);
  write_file(AT_FDCWD, request->output, dtfix_buffer_bytes(archive), dtfix_buffer_size(archive));
  dtfix_report_free(&report);
  dtfix_buffer_free(&archive);
  dtfix_machine_free(&machine);
  return 0;
}

/* A tree, read as the kernel that is started with it will: a crash kernel's has a core header. */
static void check_tree(const char *path, const void *bytes, size_t size, dtfix_report **report) {
  dtfix_tree *tree = NULL;
  try_on(path, dtfix_tree_open(bytes, size, &tree, &error));
  const int chosen = fdt_path_offset(bytes, "/chosen");
  const int is_for_crash = chosen >= 0 && fdt_getprop(bytes, chosen, "linux,elfcorehdr", NULL) != NULL;
  try_on(path, dtfix_tree_check(tree, is_for_crash ? DTFIX_FOR_CRASH : DTFIX_FOR_KEXEC, NULL, report, &error));
  dtfix_tree_free(&tree);
}

static void check_core_header(
    const char *root, const char *path, const void *bytes, size_t size, dtfix_report **report) {
  dtfix_machine *machine = NULL;
  if (root != NULL) try_on(path, dtfix_machine_open(root, &machine, &error));
  try_on(path, dtfix_core_header_check(bytes, size, machine, report, &error));
  dtfix_machine_free(&machine);
}

static void show_kernel(const char *path, const void *bytes, size_t size) {
  dtfix_image *image = NULL;
  dtfix_image_info info = {.struct_size = sizeof info};
  try_on(path, dtfix_image_open(bytes, size, 0, &image, &error));
  try_on(path, dtfix_image_info_read(image, &info, &error));
  print(stdout, info.layers), print(stdout, " for "), print(stdout, info.architecture), putchar('\n');
  dtfix_image_free(&image);
}

int check(struct request *request) {
  const char *path = request->checked;
  dtfix_buffer *file = NULL;
  dtfix_report *report = NULL;
  const int fd = open_file(path);
  try(dtfix_read(fd, &file, &error));
  close(fd);
  const unsigned char *bytes = dtfix_buffer_bytes(file);
  const size_t size = dtfix_buffer_size(file);
  if (size >= 4 && memcmp(bytes, "\xd0\x0d\xfe\xed", 4) == 0)
    check_tree(path, bytes, size, &report);
  else if (size >= 18 && memcmp(bytes, "\177ELF", 4) == 0 && bytes[16] + bytes[17] == 4) /* ET_CORE */
    check_core_header(request->root, path, bytes, size, &report);
  else
    show_kernel(path, bytes, size);
  const int has_findings = show_findings(path, report);
  dtfix_report_free(&report);
  dtfix_buffer_free(&file);
  return has_findings;
}
