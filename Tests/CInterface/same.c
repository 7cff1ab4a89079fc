/* SPDX-License-Identifier: Apache-2.0 */
/* Writes what dtfix writes of the same machine: same MACHINE kexec | crash | core | capture. Of dtfix_handover every
   member has a value that comes from nowhere else. And what it makes of the tree that is standard input, with edits:
   same MACHINE edits, with the overlay in descriptor 3. */
#include "support.h"

#include <stdio.h>
#include <string.h>

static const dtfix_range reservations[] = {{0x60000000, 0x1000}, {0x60010000, 0x3000}};
static const dtfix_input inputs[] = {
    {DTFIX_INPUT_EXTRA, 0, "acme,log", {0x61000000, 0x800}},
    {DTFIX_INPUT_EXTRA, 0, "acme,more", {0x61010000, 0x10}},
    {DTFIX_INPUT_INITRD, 0, NULL, {0x62000000, 0x12345}},
    {DTFIX_INPUT_IMA_BUFFER, 0, NULL, {0x63000000, 0x2000}},
    {DTFIX_INPUT_KHO_FDT, 0, NULL, {0x64000000, 0x1000}},
    {DTFIX_INPUT_KHO_SCRATCH, 0, NULL, {0x64010000, 0x40}}};
static const dtfix_input crash_inputs[] = {
    {DTFIX_INPUT_EXTRA, 0, "acme,log", {0x94000000, 0x800}},
    {DTFIX_INPUT_INITRD, 0, NULL, {0x92800000, 0x12345}},
    {DTFIX_INPUT_ELFCOREHDR, 0, NULL, {0x95000000, 0x1000}},
    {DTFIX_INPUT_DMCRYPT_KEYS, 0, NULL, {0x95100000, 0x2000}}};
static const dtfix_range usable = {0x92000000, 0x4000000};

static void fill(dtfix_handover *handover, uint32_t purpose) {
  *handover = good.handover;
  handover->purpose = purpose;
  handover->command_line = "quiet";
  handover->append = "debug nr_cpus=1";
  handover->reservations = reservations;
  handover->reservation_count = 2;
  handover->inputs = inputs;
  handover->input_count = sizeof inputs / sizeof *inputs;
  if (purpose == DTFIX_FOR_CRASH) {
    handover->inputs = crash_inputs;
    handover->input_count = sizeof crash_inputs / sizeof *crash_inputs;
    handover->usable_memory = &usable;
    handover->usable_memory_count = 1;
  }
}

static int make_edited(dtfix_buffer **bytes, dtfix_error **error) {
  dtfix_buffer *board = NULL, *overlay = NULL;
  dtfix_tree *tree = NULL;
  dtfix_edit edits[] = {
      {DTFIX_EDIT_OVERLAY, 0, NULL, NULL, 0, "hat"},
      {DTFIX_EDIT_SET, 0, "serial0:status=okay", NULL, 0, NULL},
      {DTFIX_EDIT_SET, 0, "/hat:cells=<0x1 0x2>", NULL, 0, NULL},
      {DTFIX_EDIT_DELETE, 0, "/chosen:u-boot,version", NULL, 0, NULL},
      {DTFIX_EDIT_DELETE, 0, "/cpus/cpu@100", NULL, 0, NULL},
      {DTFIX_EDIT_UNRESERVE, 0, "32K@0x7ff00000", NULL, 0, NULL}};
  int result = dtfix_read(0, &board, error);
  if (result == 0) result = dtfix_read(3, &overlay, error);
  if (result == 0)
    result = dtfix_tree_open(dtfix_buffer_bytes(board), dtfix_buffer_size(board), &tree, error);
  edits[0].bytes = dtfix_buffer_bytes(overlay);
  edits[0].size = dtfix_buffer_size(overlay);
  if (result == 0) result = dtfix_tree_edit(tree, edits, sizeof edits / sizeof *edits, NULL, error);
  if (result == 0) result = dtfix_tree_patch(tree, &good.handover, NULL, bytes, NULL, error);
  dtfix_tree_free(&tree);
  dtfix_buffer_free(&overlay);
  dtfix_buffer_free(&board);
  return result;
}

static int make(const char *what, dtfix_buffer **bytes, dtfix_error **error) {
  dtfix_handover handover;
  if (strcmp(what, "core") == 0)
    return dtfix_elfcorehdr(good.machine, NULL, bytes, NULL, error);
  if (strcmp(what, "capture") == 0)
    return dtfix_machine_capture(good.machine, 0, bytes, NULL, error);
  if (strcmp(what, "edits") == 0) return make_edited(bytes, error);
  fill(&handover, strcmp(what, "crash") == 0 ? DTFIX_FOR_CRASH : DTFIX_FOR_KEXEC);
  return dtfix_tree_patch(good.tree, &handover, good.machine, bytes, NULL, error);
}

int main(int count, char **arguments) {
  dtfix_buffer *bytes = NULL;
  dtfix_error *error = NULL;
  if (count != 3) return 64;
  make_good(arguments[1]);
  if (make(arguments[2], &bytes, &error) != 0) fprintf(stderr, "same: %s\n", dtfix_error_message(error));
  EXPECT(error == NULL);
  fwrite(dtfix_buffer_bytes(bytes), 1, dtfix_buffer_size(bytes), stdout);
  dtfix_buffer_free(&bytes);
  dtfix_error_free(&error);
  free_good();
  return exit_code();
}
