/* SPDX-License-Identifier: Apache-2.0 */
/* Structs of other versions: of every size that is wrong, and of a later version. */
#include "support.h"

#include <string.h>

/* A struct, and more memory behind it, as a later version of it would have. */
static struct {
  union {
    uint32_t struct_size;
    READ_STRUCTS
    FILLED_STRUCTS
    unsigned char bytes[4096];
  } is;
} room;

static int make_call(int number) {
  dtfix_file_set *files = good.files;
  CALL(dtfix_tree_patch(good.tree, &room.is.handover, good.machine, &out.buffer, &out.report, E))
  CALL(dtfix_elfcorehdr(good.machine, &room.is.facts, &out.buffer, &out.report, E))
  CALL(dtfix_plan_make(files, good.machine, &room.is.options, &out.plan, &out.report, E))
  CALL(dtfix_file_set_add(files, &room.is.file, E))
  CALL(dtfix_report_change(good.report, 0, &room.is.change, E))
  CALL(dtfix_machine_status_read(good.machine, &room.is.status, E))
  CALL(dtfix_image_info_read(good.image, &room.is.image_info, E))
  CALL(dtfix_plan_info_read(good.plan, &room.is.plan_info, E))
  CALL(dtfix_plan_segment(good.plan, 0, &room.is.segment, E))
  return NO_SUCH_CALL;
}

static int call_number;

static int one_call(int number, void *unused) {
  (void)unused;
  return number == 0 ? make_call(call_number) : NO_SUCH_CALL;
}

/* What is good in its place, and zeros behind it. */
static size_t prepare(int number) {
  static const size_t sizes[] = {
      sizeof(dtfix_handover), sizeof(dtfix_elfcorehdr_facts),     sizeof(dtfix_plan_options),
      sizeof(dtfix_file),     sizeof(dtfix_change),         sizeof(dtfix_machine_status),
      sizeof(dtfix_image_info), sizeof(dtfix_plan_info),    sizeof(dtfix_segment)};
  memset(&room, 0, sizeof room);
  if (number == 0) room.is.handover = good.handover;
  if (number == 1) room.is.facts = good.facts;
  if (number == 2) room.is.options = good.options;
  if (number == 3) {
    room.is.file = good.file;
    room.is.file.type = DTFIX_FILE_INITRD;
  }
  return sizes[number];
}

static void free_results(void) {
  dtfix_buffer_free(&out.buffer);
  dtfix_report_free(&out.report);
  dtfix_plan_free(&out.plan);
}

static void expect_taken(int number, size_t size) {
  size_t own = prepare(number), index;
  dtfix_error *error = NULL;
  memset(&out, 0, sizeof out);
  error_place = &error;
  room.is.struct_size = (uint32_t)size;
  EXPECT(make_call(number) == 0);
  if (error != NULL) dtfix_error_free(&error);
  EXPECT(room.is.struct_size == size);
  for (index = own; index < sizeof room; index++) EXPECT(room.is.bytes[index] == 0);
  free_results();
}

static void expect_refused(size_t size) {
  room.is.struct_size = (uint32_t)size;
  expect_refusals(one_call, NULL, DTFIX_E_VERSION, DTFIX_E_VERSION);
}

void test_versions(void) {
  int number;
  size_t size, own;
  for (number = 0; number < 9; number++) {
    call_number = number;
    own = prepare(number);
    for (size = 0; size < own; size += 3) expect_refused(size);
    expect_refused(own - 1);
    expect_refused(UINT32_MAX);
    expect_refused(1u << 31);
    expect_taken(number, own);
    expect_taken(number, own + 8);
    expect_taken(number, own + 13);
    prepare(number);
    room.is.bytes[own + 7] = 1;
    expect_refused(own + 8);
    room.is.bytes[own + 7] = 0;
    room.is.bytes[own] = 1;
    expect_refused(own + 1);
  }
  call_text = "";
}
