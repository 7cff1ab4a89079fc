/* SPDX-License-Identifier: Apache-2.0 */
/* Handles that are NULL, of another type, or none: every function that takes one refuses them. */
#include "support.h"

#include <string.h>

static int calls_of_report(int number, void *h) {
  CALL(dtfix_report_change(h, 0, &out.change, E))
  CALL(dtfix_report_finding(h, 0, &out.finding, E))
  CALL(dtfix_report_text(h, &out.buffer, E))
  CALL(dtfix_report_json(h, &out.buffer, E))
  return NO_SUCH_CALL;
}

static int calls_of_tree(int number, void *h) {
  CALL(dtfix_tree_blob(h, &out.buffer, E))
  CALL(dtfix_tree_source(h, &out.buffer, E))
  CALL(dtfix_tree_edit(h, &good.edit, 1, &out.report, E))
  CALL(dtfix_tree_compare(h, good.tree, &out.report, E))
  CALL(dtfix_tree_compare(good.tree, h, &out.report, E))
  CALL(dtfix_tree_check(h, DTFIX_FOR_KEXEC, NULL, &out.report, E))
  CALL(dtfix_tree_patch(h, &good.handover, good.machine, &out.buffer, &out.report, E))
  return NO_SUCH_CALL;
}

static int calls_of_machine(int number, void *h) {
  CALL(dtfix_machine_architecture(h, &out.buffer, E))
  CALL(dtfix_machine_tree(h, DTFIX_TREE_BEST, &out.tree, E))
  CALL(dtfix_machine_command_line(h, DTFIX_FOR_KEXEC, &out.buffer, E))
  CALL(dtfix_machine_status_read(h, &out.status, E))
  CALL(dtfix_machine_capture(h, 0, &out.buffer, &out.report, E))
  return NO_SUCH_CALL;
}

/* Here NULL says that there is no machine. */
static int calls_of_machine_or_null(int number, void *h) {
  CALL(dtfix_tree_patch(good.tree, &good.handover, h, &out.buffer, &out.report, E))
  CALL(dtfix_elfcorehdr(h, &good.facts, &out.buffer, &out.report, E))
  CALL(dtfix_elfcorehdr_check(kernel, sizeof kernel, h, &out.report, E))
  CALL(dtfix_plan_make(good.files, h, &good.options, &out.plan, &out.report, E))
  return NO_SUCH_CALL;
}

static int calls_of_image(int number, void *h) {
  CALL(dtfix_image_info_read(h, &out.image_info, E))
  return NO_SUCH_CALL;
}

static int calls_of_files(int number, void *h) {
  CALL(dtfix_file_set_add(h, &good.file, E))
  CALL(dtfix_plan_make(h, good.machine, &good.options, &out.plan, &out.report, E))
  return NO_SUCH_CALL;
}

static int calls_of_plan(int number, void *h) {
  CALL(dtfix_plan_info_read(h, &out.plan_info, E))
  CALL(dtfix_plan_segment(h, 0, &out.segment, E))
  CALL(dtfix_plan_manifest(h, &out.buffer, E))
  CALL(dtfix_plan_json(h, &out.buffer, E))
  return NO_SUCH_CALL;
}

/* Refused with every handle but that of its own type, which has this number. */
static void expect_type(call_list *calls, int own, bool takes_null) {
  static const uint64_t nothing[2] = {0, 0};
  void *const handles[] = {good.report, good.tree,  good.machine, good.image, good.files,
                           good.plan,   good.error, good.buffer,  (void *)(uintptr_t)nothing};
  int index;
  if (!takes_null) expect_refusals(calls, NULL, DTFIX_E_ARGUMENT, DTFIX_E_ARGUMENT);
  for (index = 0; index < (int)(sizeof handles / sizeof *handles); index++)
    if (index != own) expect_refusals(calls, handles[index], DTFIX_E_HANDLE, DTFIX_E_HANDLE);
}

/* What can only count answers 0 or NULL. */
static void test_counts(void) {
  void *const others[] = {NULL, good.tree, good.machine};
  int index;
  for (index = 0; index < 3; index++) {
    EXPECT(dtfix_error_code(others[index]) == 0);
    EXPECT(strcmp(dtfix_error_message(others[index]), "") == 0);
    EXPECT(dtfix_buffer_bytes(others[index]) == NULL);
    EXPECT(dtfix_buffer_size(others[index]) == 0);
    EXPECT(dtfix_report_change_count(others[index]) == 0);
    EXPECT(dtfix_report_finding_count(others[index]) == 0);
  }
}

/* Nothing is freed that is none, and nothing through another type's function. */
static void test_frees(void) {
  dtfix_tree *tree = (dtfix_tree *)good.buffer;
  dtfix_tree_free(NULL), dtfix_buffer_free(NULL), dtfix_report_free(NULL), dtfix_error_free(NULL);
  dtfix_machine_free(NULL), dtfix_image_free(NULL), dtfix_file_set_free(NULL), dtfix_plan_free(NULL);
  dtfix_tree_free(&tree);
  EXPECT(dtfix_buffer_size(good.buffer) > 0);
  tree = NULL;
  dtfix_tree_free(&tree);
  EXPECT(tree == NULL);
}

void test_handles(void) {
  expect_type(calls_of_report, 0, false);
  expect_type(calls_of_tree, 1, false);
  expect_type(calls_of_machine, 2, false);
  expect_type(calls_of_machine_or_null, 2, true);
  expect_type(calls_of_image, 3, false);
  expect_type(calls_of_files, 4, false);
  expect_type(calls_of_plan, 5, false);
  test_counts();
  test_frees();
}
