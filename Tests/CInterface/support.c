/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;
dtfix_error **error_place;
const char *call_text = "";
struct out out;
struct good good;
unsigned char kernel[KERNEL_SIZE];
const unsigned char seed[8] = {1, 2, 3, 4, 5, 6, 7, 8};

void expect_that(bool is_so, const char *what, const char *file, int line) {
  if (is_so) return;
  failures++;
  fprintf(stderr, "%s:%d: not so: %s; %s\n", file, line, what, call_text);
}

int exit_code(void) { return failures == 0 ? 0 : 1; }

/* Handles that are none, and structs that could be filled in. */
static void prepare_out(struct out *fresh) {
  memset(fresh, 0xa5, sizeof *fresh);
  memset(&fresh->change, 0, sizeof fresh->change);
  memset(&fresh->finding, 0, sizeof fresh->finding);
  memset(&fresh->status, 0, sizeof fresh->status);
  memset(&fresh->image_info, 0, sizeof fresh->image_info);
  memset(&fresh->plan_info, 0, sizeof fresh->plan_info);
  memset(&fresh->segment, 0, sizeof fresh->segment);
  fresh->change.struct_size = sizeof fresh->change;
  fresh->finding.struct_size = sizeof fresh->finding;
  fresh->status.struct_size = sizeof fresh->status;
  fresh->image_info.struct_size = sizeof fresh->image_info;
  fresh->plan_info.struct_size = sizeof fresh->plan_info;
  fresh->segment.struct_size = sizeof fresh->segment;
}

void expect_refusals(call_list *calls, void *handle, int code, int other) {
  struct out before;
  dtfix_error *error = NULL;
  int number, result;
  prepare_out(&before);
  for (number = 0;; number++) {
    out = before;
    error_place = &error;
    result = calls(number, handle);
    if (result == NO_SUCH_CALL) break;
    if (result != -code && result != -other)
      fprintf(stderr, "%s: %d, not %d: %s\n", call_text, result, -code, dtfix_error_message(error));
    EXPECT(result == -code || result == -other);
    EXPECT(dtfix_error_code(error) == -result);
    EXPECT(dtfix_error_message(error)[0] != '\0');
    EXPECT(memcmp(&out, &before, sizeof out) == 0);
    dtfix_error_free(&error);
    EXPECT(error == NULL);
    error_place = NULL;
    EXPECT(calls(number, handle) == result);
    EXPECT(memcmp(&out, &before, sizeof out) == 0);
  }
  EXPECT(number > 0);
  call_text = "";
}

/* Linux Documentation/arch/arm64/booting.rst, section 4. */
static void make_kernel(void) {
  memset(kernel, 0, sizeof kernel);
  kernel[18] = 1;                          /* image_size: 64 KiB */
  kernel[24] = 1 << 1 | 1 << 3;            /* flags: 4 KiB pages, anywhere */
  memcpy(kernel + 56, "ARM\x64", 4);
}

/* A step without which there is nothing to test. */
static void must(int result, dtfix_error **error) {
  if (result == 0) return;
  fprintf(stderr, "cannot begin: %s\n", dtfix_error_message(*error));
  exit(2);
}

static void make_good_plan(dtfix_error **error) {
  must(dtfix_file_set_new(&good.files, error), error);
  good.file.struct_size = sizeof good.file;
  good.file.type = DTFIX_FILE_KERNEL;
  good.file.bytes = kernel;
  good.file.size = sizeof kernel;
  must(dtfix_file_set_add(good.files, &good.file, error), error);
  good.options.struct_size = sizeof good.options;
  good.options.purpose = DTFIX_FOR_CRASH;
  good.options.call = DTFIX_CALL_KEXEC_LOAD;
  good.options.kaslr_seed = seed;
  good.options.kaslr_seed_size = sizeof seed;
  good.options.rng_seed = seed;
  good.options.rng_seed_size = sizeof seed;
  must(dtfix_plan_make(good.files, good.machine, &good.options, &good.plan, NULL, error), error);
}

void make_good(const char *root) {
  dtfix_error *error = NULL;
  make_kernel();
  memset(&good, 0, sizeof good);
  dtfix_tree_open("", 0, &good.tree, &good.error);
  must(dtfix_machine_open(root, &good.machine, &error), &error);
  must(dtfix_machine_tree(good.machine, DTFIX_TREE_BEST, &good.tree, &error), &error);
  good.handover.struct_size = sizeof good.handover;
  good.handover.purpose = DTFIX_FOR_KEXEC;
  good.handover.kaslr_seed = seed;
  good.handover.kaslr_seed_size = sizeof seed;
  good.handover.rng_seed = seed;
  good.handover.rng_seed_size = sizeof seed;
  good.edit.kind = DTFIX_EDIT_SET;
  good.edit.text = "/chosen:new=text";
  good.facts.struct_size = sizeof good.facts;
  must(
      dtfix_tree_patch(
          good.tree, &good.handover, good.machine, &good.buffer, &good.report, &error),
      &error);
  must(dtfix_image_open(kernel, sizeof kernel, 0, &good.image, &error), &error);
  make_good_plan(&error);
}

void free_good(void) {
  dtfix_error_free(&good.error);
  dtfix_buffer_free(&good.buffer);
  dtfix_report_free(&good.report);
  dtfix_tree_free(&good.tree);
  dtfix_machine_free(&good.machine);
  dtfix_image_free(&good.image);
  dtfix_file_set_free(&good.files);
  dtfix_plan_free(&good.plan);
}
