/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes, counts and numbers that nothing has: refused before a byte is looked at. */
#include "support.h"

#include <stdint.h>

static size_t size;

static int calls_with_size(int number, void *unused) {
  dtfix_handover handover = good.handover;
  dtfix_elfcorehdr_facts facts = good.facts;
  dtfix_plan_options options = good.options;
  dtfix_file file = good.file;
  dtfix_edit edit = good.edit;
  const dtfix_range range = {0x1000, 0x1000};
  const dtfix_input input = {DTFIX_INPUT_INITRD, 0, NULL, {0x1000, 0x1000}};
  (void)unused;
  CALL(dtfix_tree_open(kernel, size, &out.tree, E))
#define EDIT dtfix_tree_edit(good.tree, &edit, 1, &out.report, E)
  CALL(dtfix_tree_edit(good.tree, &good.edit, size, &out.report, E))
  CALL((edit.kind = DTFIX_EDIT_OVERLAY, edit.text = NULL, edit.bytes = kernel, edit.size = size, EDIT))
  CALL(dtfix_elfcorehdr_check(kernel, size, NULL, &out.report, E))
  CALL(dtfix_image_open(kernel, size, 0, &out.image, E))
  CALL((file.type = DTFIX_FILE_INITRD, file.size = size, dtfix_file_set_add(good.files, &file, E)))
#define PATCH dtfix_tree_patch(good.tree, &handover, NULL, &out.buffer, &out.report, E)
  CALL((handover.usable_memory = &range, handover.usable_memory_count = size, PATCH))
  CALL((handover.reservations = &range, handover.reservation_count = size, PATCH))
  CALL((handover.inputs = &input, handover.input_count = size, PATCH))
  CALL((handover.kaslr_seed_size = size, PATCH))
  CALL((handover.rng_seed_size = size, PATCH))
#define HEADER dtfix_elfcorehdr(good.machine, &facts, &out.buffer, &out.report, E)
  CALL((facts.ram = &range, facts.ram_count = size, HEADER))
  CALL((facts.excluded = &range, facts.excluded_count = size, HEADER))
  CALL((facts.cpu_notes = &range, facts.cpu_note_count = size, HEADER))
#define PLAN dtfix_plan_make(good.files, good.machine, &options, &out.plan, &out.report, E)
  CALL((options.reservations = &range, options.reservation_count = size, PLAN))
  CALL((options.excluded = &range, options.excluded_count = size, PLAN))
  CALL((options.kaslr_seed_size = size, PLAN))
  CALL((options.rng_seed_size = size, PLAN))
  return NO_SUCH_CALL;
}

static int calls_with_index(int number, void *unused) {
  (void)unused;
  CALL(dtfix_report_change(good.report, size, &out.change, E))
  CALL(dtfix_report_finding(good.report, size, &out.finding, E))
  CALL(dtfix_plan_segment(good.plan, size, &out.segment, E))
  return NO_SUCH_CALL;
}

static uint32_t value;

/* Numbers and flags that are not in dtfix.h. */
static int calls_with_number(int number, void *unused) {
  dtfix_handover handover = good.handover;
  dtfix_plan_options options = good.options;
  dtfix_file file = good.file;
  dtfix_edit edit = good.edit;
  dtfix_input input = {0, 0, NULL, {0x1000, 0x1000}};
  (void)unused;
  CALL((edit.kind = value, EDIT))
  CALL(dtfix_tree_check(good.tree, value, NULL, &out.report, E))
  CALL(dtfix_machine_tree(good.machine, value, &out.tree, E))
  CALL(dtfix_machine_command_line(good.machine, value, &out.buffer, E))
  CALL(dtfix_machine_capture(good.machine, value, &out.buffer, &out.report, E))
  CALL((handover.purpose = value, PATCH))
  CALL((handover.flags = value, PATCH))
  CALL((input.type = value, handover.inputs = &input, handover.input_count = 1, PATCH))
  CALL((file.type = value, dtfix_file_set_add(good.files, &file, E)))
  CALL((options.purpose = value, PLAN))
  CALL((options.flags = value, PLAN))
  CALL((options.call = value, PLAN))
  CALL((options.tree_origin = value, PLAN))
  return NO_SUCH_CALL;
}

/* Members that have no use yet are zero, so that they may get one; an extra has a name, and nothing else has. */
static int calls_with_unused(int number, void *unused) {
  dtfix_handover handover = good.handover;
  dtfix_input input = {DTFIX_INPUT_INITRD, 0, NULL, {0x1000, 0x1000}};
  dtfix_elfcorehdr_facts facts = good.facts;
  dtfix_file file = good.file;
  dtfix_edit edit = good.edit, overlay = {DTFIX_EDIT_OVERLAY, 0, NULL, kernel, sizeof kernel, NULL};
  (void)unused;
  CALL((edit.unused = 1, EDIT))
  CALL((edit.bytes = kernel, EDIT))
  CALL((edit.size = 1, EDIT))
  CALL((edit.name = "name", EDIT))
  CALL((overlay.text = "/node", dtfix_tree_edit(good.tree, &overlay, 1, &out.report, E)))
  CALL((facts.unused = 1, HEADER))
  CALL((handover.unused = 1, PATCH))
  handover.inputs = &input;
  handover.input_count = 1;
  CALL((input.unused = 1, PATCH))
  CALL((input.name = "name", PATCH))
  CALL((input.type = DTFIX_INPUT_EXTRA, PATCH))
  CALL((input.range.size = 0, PATCH))
  CALL((file.type = DTFIX_FILE_INITRD, file.has_fd = 1, dtfix_file_set_add(good.files, &file, E)))
  return NO_SUCH_CALL;
}

/* Memory that goes around the end of all addresses. */
static int calls_with_ranges(int number, void *unused) {
  const dtfix_range around = {UINT64_MAX - 0xfff, 0x2000};
  static const dtfix_input inputs[] = {
      {DTFIX_INPUT_INITRD, 0, NULL, {UINT64_MAX - 0xfff, 0x2000}},
      {DTFIX_INPUT_EXTRA, 0, "extra", {UINT64_MAX - 0xfff, 0x2000}}};
  dtfix_handover handover = good.handover;
  dtfix_elfcorehdr_facts facts = good.facts;
  dtfix_plan_options options = good.options;
  (void)unused;
  handover.input_count = 1;
  CALL((handover.inputs = &inputs[0], PATCH))
  CALL((handover.inputs = &inputs[1], PATCH))
  handover.input_count = 0;
  CALL((handover.usable_memory = &around, handover.usable_memory_count = 1, PATCH))
  CALL((handover.reservations = &around, handover.reservation_count = 1, PATCH))
  CALL((facts.ram = &around, facts.ram_count = 1, HEADER))
  CALL((facts.excluded = &around, facts.excluded_count = 1, HEADER))
  CALL((facts.cpu_notes = &around, facts.cpu_note_count = 1, HEADER))
  CALL((facts.vmcoreinfo = around, HEADER))
  CALL((facts.kernel_text = around, HEADER))
  CALL((options.reservations = &around, options.reservation_count = 1, PLAN))
  CALL((options.excluded = &around, options.excluded_count = 1, PLAN))
  return NO_SUCH_CALL;
}

void test_sizes(void) {
  static const size_t sizes[] = {
      SIZE_MAX, (size_t)PTRDIFF_MAX + 1, SIZE_MAX - 7, PTRDIFF_MAX, (size_t)PTRDIFF_MAX / 2, (1u << 30) + 1};
  static const size_t indices[] = {SIZE_MAX, (size_t)PTRDIFF_MAX + 1, PTRDIFF_MAX, 1000000};
  static const uint32_t values[] = {1u << 31, UINT32_MAX, 0x40000000};
  unsigned index;
  for (index = 0; index < sizeof sizes / sizeof *sizes; index++) {
    size = sizes[index];
    expect_refusals(calls_with_size, NULL, DTFIX_E_ARGUMENT, DTFIX_E_ARGUMENT);
  }
  for (index = 0; index < sizeof indices / sizeof *indices; index++) {
    size = indices[index];
    expect_refusals(calls_with_index, NULL, DTFIX_E_NOT_FOUND, DTFIX_E_NOT_FOUND);
  }
  for (index = 0; index < sizeof values / sizeof *values; index++) {
    value = values[index];
    expect_refusals(calls_with_number, NULL, DTFIX_E_ARGUMENT, DTFIX_E_USAGE);
  }
  expect_refusals(calls_with_unused, NULL, DTFIX_E_ARGUMENT, DTFIX_E_VERSION);
  expect_refusals(calls_with_ranges, NULL, DTFIX_E_ARGUMENT, DTFIX_E_USAGE);
}
