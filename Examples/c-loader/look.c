/* SPDX-License-Identifier: Apache-2.0 */
/* capture and check: what does not need a plan. */
#define _POSIX_C_SOURCE 200809L
#include "loader.h"

#include <fcntl.h>
#include <libfdt.h>
#include <string.h>

/* The findings of a report, a line each; an exit code that tells whether there are any. */
static int show_findings(const char *name, const dtfix_report *report) {
  const size_t count = dtfix_report_finding_count(report);
  dtfix_finding finding;
  dtfix_error *error = NULL;
  size_t index;
  memset(&finding, 0, sizeof finding);
  finding.struct_size = sizeof finding;
  for (index = 0; index < count; index++) {
    if (dtfix_report_finding(report, index, &finding, &error) != 0) return failed_by(&error);
    print(name), print(": "), print(finding.place), print(": "), print(finding.text);
    if (finding.rule[0] != '\0') print(" ["), print(finding.rule), print("]");
    print("\n");
  }
  return count == 0 ? 0 : EXIT_FOUND;
}

int capture(const struct arguments *arguments) {
  dtfix_machine *machine = NULL;
  dtfix_buffer *archive = NULL;
  dtfix_report *report = NULL;
  dtfix_error *error = NULL;
  int result;
  if (dtfix_machine_open(arguments->root, &machine, &error) != 0 ||
      dtfix_machine_capture(machine, 0, &archive, &report, &error) != 0) {
    result = failed_by(&error);
  } else {
    /* What is not in it is no failure: it is told. */
    result = show_findings(arguments->output, report);
    if (result == 0 || result == EXIT_FOUND)
      result = write_file(
          AT_FDCWD, arguments->output, dtfix_buffer_bytes(archive), dtfix_buffer_size(archive));
  }
  dtfix_report_free(&report);
  dtfix_buffer_free(&archive);
  dtfix_machine_free(&machine);
  return result;
}

/* A tree, read as the kernel that is started with it will: a crash kernel's has a core header. */
static int check_tree(const void *bytes, size_t size, dtfix_report **report, dtfix_error **error) {
  dtfix_tree *tree = NULL;
  uint32_t purpose = DTFIX_FOR_KEXEC;
  int result = dtfix_tree_open(bytes, size, &tree, error);
  if (result == 0) {
    const int chosen = fdt_path_offset(bytes, "/chosen");
    if (chosen >= 0 && fdt_getprop(bytes, chosen, "linux,elfcorehdr", NULL) != NULL)
      purpose = DTFIX_FOR_CRASH;
    result = dtfix_tree_check(tree, purpose, NULL, report, error);
  }
  dtfix_tree_free(&tree);
  return result;
}

static int check_core_header(
    const char *root, const void *bytes, size_t size, dtfix_report **report, dtfix_error **error) {
  dtfix_machine *machine = NULL;
  int result = root == NULL ? 0 : dtfix_machine_open(root, &machine, error);
  if (result == 0) result = dtfix_core_header_check(bytes, size, machine, report, error);
  dtfix_machine_free(&machine);
  return result;
}

static int check_kernel(const void *bytes, size_t size, dtfix_error **error) {
  dtfix_image *image = NULL;
  dtfix_image_info info;
  int result = dtfix_image_open(bytes, size, 0, &image, error);
  memset(&info, 0, sizeof info);
  info.struct_size = sizeof info;
  if (result == 0) result = dtfix_image_info_read(image, &info, error);
  if (result == 0)
    print(info.layers), print(" for "), print(info.architecture), print("\n");
  dtfix_image_free(&image);
  return result;
}

int check(const struct arguments *arguments) {
  static const unsigned char tree_magic[4] = {0xd0, 0x0d, 0xfe, 0xed};
  const char *path = arguments->files[0].path;
  dtfix_buffer *file = NULL;
  dtfix_report *report = NULL;
  dtfix_error *error = NULL;
  const unsigned char *bytes;
  size_t size;
  int result = read_file(path, &file);
  if (result != 0) return result;
  bytes = dtfix_buffer_bytes(file);
  size = dtfix_buffer_size(file);
  if (size >= 4 && memcmp(bytes, tree_magic, 4) == 0)
    result = check_tree(bytes, size, &report, &error);
  else if (size >= 18 && memcmp(bytes, "\177ELF", 4) == 0 && bytes[16] + bytes[17] == 4) /* ET_CORE */
    result = check_core_header(arguments->root, bytes, size, &report, &error);
  else
    result = check_kernel(bytes, size, &error);
  result = result == 0 ? show_findings(path, report) : failed_in(path, &error);
  dtfix_report_free(&report);
  dtfix_buffer_free(&file);
  return result;
}
