/* SPDX-License-Identifier: Apache-2.0 */
/* capture and check. */
#define _GNU_SOURCE
#include "loader.h"

#include <libfdt.h>

/* Prints the findings of a report, a line each, and frees it; returns whether there are any. */
static int show_findings(const char *name, dtfix_report *report) {
  const size_t count = dtfix_report_finding_count(report);
  dtfix_finding finding = {.struct_size = sizeof finding};
  for (size_t index = 0; index < count; index++) {
    try(NULL, dtfix_report_finding(report, index, &finding, &error));
    const char *const words[] = {name, ": ", finding.place, ": ", finding.text, " [", finding.rule, "]"};
    const size_t length = finding.rule[0] == '\0' ? 5 : 8;
    for (size_t word = 0; word < length; word++) print(stdout, words[word]);
    putchar('\n');
  }
  dtfix_report_free(&report);
  return count > 0;
}

int capture(struct request *request) {
  dtfix_machine *machine = machine_of(request);
  dtfix_buffer *archive = NULL;
  dtfix_report *report = NULL;
  try(NULL, dtfix_machine_capture(machine, 0, &archive, &report, &error));
  show_findings(request->output, report);
  write_buffer(AT_FDCWD, request->output, archive);
  dtfix_machine_free(&machine);
  return 0;
}

/* A tree with an elfcorehdr is for a crash kernel. */
static void check_tree(const char *path, const void *bytes, size_t size, dtfix_report **report) {
  dtfix_tree *tree = NULL;
  try(path, dtfix_tree_open(bytes, size, &tree, &error));
  const int chosen = fdt_path_offset(bytes, "/chosen");
  const int is_for_crash = chosen >= 0 && fdt_getprop(bytes, chosen, "linux,elfcorehdr", NULL) != NULL;
  try(path, dtfix_tree_check(tree, is_for_crash ? DTFIX_FOR_CRASH : DTFIX_FOR_KEXEC, NULL, report, &error));
  dtfix_tree_free(&tree);
}

static void show_kernel(const char *path, const void *bytes, size_t size) {
  dtfix_image *image = NULL;
  dtfix_image_info info = {.struct_size = sizeof info};
  try(path, dtfix_image_open(bytes, size, 0, &image, &error));
  try(path, dtfix_image_info_read(image, &info, &error));
  print(stdout, info.layers), print(stdout, " for "), print(stdout, info.architecture), putchar('\n');
  dtfix_image_free(&image);
}

int check(struct request *request) {
  const char *path = request->checked;
  dtfix_machine *machine = request->root == NULL ? NULL : machine_of(request);
  dtfix_buffer *file = NULL;
  dtfix_report *report = NULL;
  const int fd = open_file(path);
  try(NULL, dtfix_read(fd, &file, &error));
  close(fd);
  const unsigned char *bytes = dtfix_buffer_bytes(file);
  const size_t size = dtfix_buffer_size(file);
  if (size >= 4 && memcmp(bytes, "\xd0\x0d\xfe\xed", 4) == 0) check_tree(path, bytes, size, &report);
  else if (size >= 18 && memcmp(bytes, "\177ELF", 4) == 0 && bytes[16] + bytes[17] == 4) /* ET_CORE */
    try(path, dtfix_elfcorehdr_check(bytes, size, machine, &report, &error));
  else show_kernel(path, bytes, size);
  dtfix_buffer_free(&file);
  dtfix_machine_free(&machine);
  return show_findings(path, report);
}
