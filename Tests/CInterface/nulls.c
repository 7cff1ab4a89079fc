/* SPDX-License-Identifier: Apache-2.0 */
/* NULL for every pointer that is not a handle, where something has to be. */
#include "support.h"

static int calls_with_null(int number, void *unused) {
  (void)unused;
  CALL(dtfix_read(0, NULL, E))
  CALL(dtfix_report_change(good.report, 0, NULL, E))
  CALL(dtfix_report_text(good.report, NULL, E))
  CALL(dtfix_report_json(good.report, NULL, E))
  CALL(dtfix_tree_open(NULL, 64, &out.tree, E))
  CALL(dtfix_tree_open(kernel, sizeof kernel, NULL, E))
  CALL(dtfix_tree_blob(good.tree, NULL, E))
  CALL(dtfix_tree_source(good.tree, NULL, E))
  CALL(dtfix_tree_edit(good.tree, NULL, 1, &out.report, E))
  CALL(dtfix_tree_compare(good.tree, good.tree, NULL, E))
  CALL(dtfix_tree_check(good.tree, DTFIX_FOR_KEXEC, NULL, NULL, E))
  CALL(dtfix_machine_open(NULL, NULL, E))
  CALL(dtfix_machine_architecture(good.machine, NULL, E))
  CALL(dtfix_machine_tree(good.machine, DTFIX_TREE_BEST, NULL, E))
  CALL(dtfix_machine_command_line(good.machine, DTFIX_FOR_KEXEC, NULL, E))
  CALL(dtfix_machine_status_read(good.machine, NULL, E))
  CALL(dtfix_machine_capture(good.machine, 0, NULL, &out.report, E))
  CALL(dtfix_tree_patch(good.tree, NULL, good.machine, &out.buffer, &out.report, E))
  CALL(dtfix_tree_patch(good.tree, &good.handover, good.machine, NULL, &out.report, E))
  CALL(dtfix_elfcorehdr(NULL, NULL, &out.buffer, &out.report, E))
  CALL(dtfix_elfcorehdr(good.machine, NULL, NULL, &out.report, E))
  CALL(dtfix_elfcorehdr_check(NULL, 64, NULL, &out.report, E))
  CALL(dtfix_elfcorehdr_check(kernel, sizeof kernel, NULL, NULL, E))
  CALL(dtfix_image_open(NULL, 64, 0, &out.image, E))
  CALL(dtfix_image_open(kernel, sizeof kernel, 0, NULL, E))
  CALL(dtfix_image_info_read(good.image, NULL, E))
  CALL(dtfix_file_set_new(NULL, E))
  CALL(dtfix_file_set_add(good.files, NULL, E))
  CALL(dtfix_plan_make(good.files, good.machine, NULL, &out.plan, &out.report, E))
  CALL(dtfix_plan_make(good.files, good.machine, &good.options, NULL, &out.report, E))
  CALL(dtfix_plan_info_read(good.plan, NULL, E))
  CALL(dtfix_plan_segment(good.plan, 0, NULL, E))
  CALL(dtfix_plan_manifest(good.plan, NULL, E))
  CALL(dtfix_plan_json(good.plan, NULL, E))
  return NO_SUCH_CALL;
}

/* Lists of the caller's: NULL with a count. */
static int calls_with_null_lists(int number, void *unused) {
  dtfix_handover handover = good.handover;
  dtfix_elfcorehdr_facts facts = good.facts;
  dtfix_plan_options options = good.options;
  dtfix_file file = good.file;
  dtfix_edit edit = good.edit;
  (void)unused;
#define EDIT dtfix_tree_edit(good.tree, &edit, 1, &out.report, E)
  CALL((edit.text = NULL, EDIT))
  CALL((edit.text = NULL, edit.kind = DTFIX_EDIT_OVERLAY, edit.size = 1, EDIT))
#define PATCH dtfix_tree_patch(good.tree, &handover, NULL, &out.buffer, &out.report, E)
  CALL((handover.usable_memory_count = 1, PATCH))
  CALL((handover.reservation_count = 1, PATCH))
  CALL((handover.input_count = 1, PATCH))
  CALL((handover.kaslr_seed = NULL, PATCH))
  CALL((handover.rng_seed = NULL, PATCH))
#define HEADER dtfix_elfcorehdr(good.machine, &facts, &out.buffer, &out.report, E)
  CALL((facts.ram_count = 1, HEADER))
  CALL((facts.excluded_count = 1, HEADER))
  CALL((facts.cpu_note_count = 1, HEADER))
#define PLAN dtfix_plan_make(good.files, good.machine, &options, &out.plan, &out.report, E)
  CALL((options.reservation_count = 1, PLAN))
  CALL((options.excluded_count = 1, PLAN))
  CALL((options.kaslr_seed = NULL, PLAN))
  CALL((options.rng_seed = NULL, PLAN))
  CALL((file.type = DTFIX_FILE_INITRD, file.bytes = NULL, dtfix_file_set_add(good.files, &file, E)))
  return NO_SUCH_CALL;
}

void test_nulls(void) {
  expect_refusals(calls_with_null, NULL, DTFIX_E_ARGUMENT, DTFIX_E_ARGUMENT);
  expect_refusals(calls_with_null_lists, NULL, DTFIX_E_ARGUMENT, DTFIX_E_ARGUMENT);
}
