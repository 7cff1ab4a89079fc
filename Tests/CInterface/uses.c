/* SPDX-License-Identifier: Apache-2.0 */
/* The interface as it is meant to be used. */
#include "support.h"

#include <stdio.h>
#include <string.h>

static bool has_text(const dtfix_buffer *buffer, const char *text) {
  return buffer != NULL && strstr(dtfix_buffer_bytes(buffer), text) != NULL;
}

/* Whether bytes are somewhere within others. */
static bool has_bytes(const dtfix_buffer *buffer, const void *bytes, size_t size) {
  const unsigned char *all = dtfix_buffer_bytes(buffer);
  size_t count = dtfix_buffer_size(buffer), index;
  for (index = 0; index + size <= count; index++)
    if (memcmp(all + index, bytes, size) == 0) return true;
  return false;
}

static dtfix_tree *tree_of_machine(void) {
  dtfix_tree *tree = NULL;
  EXPECT(dtfix_machine_tree(good.machine, DTFIX_TREE_BEST, &tree, NULL) == 0);
  return tree;
}

/* Whether a text is in the source of a tree. */
static bool tree_has(const dtfix_tree *tree, const char *text) {
  dtfix_buffer *source = NULL;
  bool result;
  EXPECT(dtfix_tree_source(tree, &source, NULL) == 0);
  result = has_text(source, text);
  dtfix_buffer_free(&source);
  return result;
}

/* Edits that are made, and how many changes the report has. */
static void expect_changes(dtfix_tree *tree, const dtfix_edit *edits, size_t count, size_t changes) {
  dtfix_report *report = NULL;
  EXPECT(dtfix_tree_edit(tree, edits, count, &report, NULL) == 0);
  EXPECT(dtfix_report_change_count(report) == changes && dtfix_report_finding_count(report) == 0);
  dtfix_report_free(&report);
}

/* An edit that is refused with a message, which repeats no seed, behind one that is good: neither is made. */
static void expect_no_edit(dtfix_tree *tree, dtfix_edit edit, int code, const char *message) {
  const dtfix_edit edits[] = {good.edit, edit};
  dtfix_buffer *before = NULL, *after = NULL;
  dtfix_report *report = NULL;
  dtfix_error *error = NULL;
  EXPECT(dtfix_tree_blob(tree, &before, NULL) == 0);
  EXPECT(dtfix_tree_edit(tree, edits, 2, &report, &error) == -code && report == NULL);
  if (strstr(dtfix_error_message(error), message) == NULL) fprintf(stderr, "%s\n", dtfix_error_message(error));
  EXPECT(strstr(dtfix_error_message(error), message) != NULL);
  EXPECT(strstr(dtfix_error_message(error), "deadbeef") == NULL);
  EXPECT(dtfix_tree_blob(tree, &after, NULL) == 0);
  EXPECT(dtfix_buffer_size(before) == dtfix_buffer_size(after));
  EXPECT(has_bytes(after, dtfix_buffer_bytes(before), dtfix_buffer_size(before)));
  dtfix_error_free(&error);
  dtfix_buffer_free(&before);
  dtfix_buffer_free(&after);
}

static void test_editing(void) {
  const dtfix_edit first[] = {
      {DTFIX_EDIT_SET, 0, "/chosen:cells=<0x1 2>", NULL, 0, NULL},
      {DTFIX_EDIT_SET, 0, "/chosen:empty", NULL, 0, NULL},
      {DTFIX_EDIT_DELETE, 0, "/psci", NULL, 0, NULL}};
  const dtfix_edit second = {DTFIX_EDIT_DELETE, 0, "/chosen:empty", NULL, 0, NULL};
  dtfix_tree *tree = tree_of_machine();
  expect_changes(tree, NULL, 0, 0);
  expect_changes(tree, first, 3, 3);
  EXPECT(tree_has(tree, "cells = <0x1 0x2>;") && tree_has(tree, "\tempty;") && !tree_has(tree, "psci {"));
  expect_changes(tree, &second, 1, 1);
  EXPECT(tree_has(tree, "cells = <0x1 0x2>;") && !tree_has(tree, "\tempty;"));
  dtfix_tree_free(&tree);
}

static void test_bad_edits(void) {
  const void *blob = dtfix_buffer_bytes(good.buffer);
  const size_t size = dtfix_buffer_size(good.buffer);
  dtfix_tree *tree = tree_of_machine();
#define REFUSED(kind, text, message) \
  expect_no_edit(tree, (dtfix_edit){kind, 0, text, NULL, 0, NULL}, DTFIX_E_USAGE, message)
  REFUSED(DTFIX_EDIT_SET, "/chosen", "edit 1: a setting is /node:property=value");
  REFUSED(DTFIX_EDIT_SET, "/chosen:a=<x>", "edit 1: a value is text, \"text\", <0x1 0x2>, [c0 de] or nothing");
  REFUSED(DTFIX_EDIT_SET, "/chosen:rng-seed=[deadbeef", "edit 1: a value is ");
  REFUSED(DTFIX_EDIT_SET, "/none:rng-seed=[deadbeef]", "set /none:rng-seed: ");
  REFUSED(DTFIX_EDIT_DELETE, ":", "edit 1: a place is /node or /node:property");
  REFUSED(DTFIX_EDIT_DELETE, "/chosen:none", "delete /chosen:none: ");
  REFUSED(DTFIX_EDIT_UNRESERVE, "0x1000", "edit 1: a range is START+SIZE");
  REFUSED(DTFIX_EDIT_UNRESERVE, "0x1000+0x1000", "0x1000");
  expect_no_edit(
      tree, (dtfix_edit){DTFIX_EDIT_OVERLAY, 0, NULL, kernel, sizeof kernel, "hat"}, DTFIX_E_MALFORMED, "hat: ");
  expect_no_edit(tree, (dtfix_edit){DTFIX_EDIT_OVERLAY, 0, NULL, blob, size, NULL}, DTFIX_E_MALFORMED, "overlay");
  dtfix_tree_free(&tree);
}

/* Edits that lead to no next tree are the caller's mistake, as they are of dtfix fix. */
static void test_edits_of_handover(void) {
  static const struct {
    const char *text, *message;
  } all[] = {
      {"/chosen:kaslr-seed=<0x1 0x2>", "/chosen: property 'kaslr-seed': "},
      {"/chosen:linux,initrd-start=[01]", "it is fine without the requested edits"}};
  size_t index;
  for (index = 0; index < 2; index++) {
    const dtfix_edit edit = {DTFIX_EDIT_SET, 0, all[index].text, NULL, 0, NULL};
    dtfix_tree *tree = tree_of_machine();
    dtfix_buffer *blob = NULL;
    dtfix_error *error = NULL;
    expect_changes(tree, &edit, 1, 1);
    EXPECT(dtfix_tree_patch(tree, &good.handover, good.machine, &blob, NULL, &error) == -DTFIX_E_USAGE);
    EXPECT(strstr(dtfix_error_message(error), all[index].message) != NULL);
    dtfix_error_free(&error);
    dtfix_tree_free(&tree);
  }
}

/* What is said of a patched tree, and that no seed is in it. */
static void test_report(void) {
  static const uint8_t other[16] = {0xde, 0xad, 0xbe, 0xef, 0xf0, 0x0d, 0x12, 0x34,
                                    0xde, 0xad, 0xbe, 0xef, 0xf0, 0x0d, 0x12, 0x35};
  dtfix_handover handover = good.handover;
  dtfix_buffer *blob = NULL, *text = NULL, *json = NULL;
  dtfix_report *report = NULL;
  dtfix_tree *tree = NULL;
  dtfix_change change;
  bool has_seed = false;
  size_t index;
  handover.rng_seed = other;
  handover.rng_seed_size = sizeof other;
  EXPECT(dtfix_tree_patch(good.tree, &handover, good.machine, &blob, &report, NULL) == 0);
  for (index = 0; index < dtfix_report_change_count(report); index++) {
    memset(&change, 0, sizeof change);
    change.struct_size = sizeof change;
    EXPECT(dtfix_report_change(report, index, &change, NULL) == 0);
    EXPECT(change.action != 0 && change.subject != 0 && change.reason != NULL && change.rule != NULL);
    if (change.property != NULL && strcmp(change.property, "rng-seed") == 0) {
      has_seed = true;
      EXPECT(change.action == DTFIX_ADDED && change.subject == DTFIX_PROPERTY);
      EXPECT(strcmp(change.node, "/chosen") == 0);
      EXPECT(strstr(change.to, "16 secret bytes") != NULL);
    }
  }
  EXPECT(has_seed);
  EXPECT(dtfix_report_text(report, &text, NULL) == 0);
  EXPECT(dtfix_report_json(report, &json, NULL) == 0);
  EXPECT(has_text(text, "rng-seed") && !has_text(text, "deadbeef") && !has_bytes(text, other, 4));
  EXPECT(has_text(json, "rng-seed") && !has_text(json, "deadbeef"));
  EXPECT(has_bytes(blob, other, sizeof other));
  dtfix_buffer_free(&text);
  EXPECT(dtfix_tree_open(dtfix_buffer_bytes(blob), dtfix_buffer_size(blob), &tree, NULL) == 0);
  EXPECT(dtfix_tree_source(tree, &text, NULL) == 0);
  EXPECT(has_text(text, "rng-seed") && !has_text(text, "deadbeef") && !has_text(text, "de ad be ef"));
  dtfix_buffer_free(&text);
  dtfix_buffer_free(&json);
  dtfix_buffer_free(&blob);
  dtfix_report_free(&report);
  EXPECT(dtfix_tree_check(tree, DTFIX_FOR_KEXEC, NULL, &report, NULL) == 0);
  EXPECT(dtfix_report_finding_count(report) == 0);
  dtfix_report_free(&report);
  dtfix_tree_free(&tree);
}

/* A machine that tells nothing: the report says so, and memory that a caller names is not enough for its crash kernel. */
static void test_unknown_machine(void) {
  const dtfix_range usable = {0x44000000, 0x4000000};
  const dtfix_input header = {DTFIX_INPUT_ELFCOREHDR, 0, NULL, {0x44000000, 0x1000}};
  dtfix_handover handover = good.handover;
  dtfix_machine *machine = NULL;
  dtfix_buffer *blob = NULL, *text = NULL;
  dtfix_report *report = NULL;
  EXPECT(dtfix_machine_open("/no/such/folder", &machine, NULL) == 0);
  EXPECT(dtfix_tree_patch(good.tree, &handover, machine, &blob, &report, NULL) == 0);
  EXPECT(dtfix_report_text(report, &text, NULL) == 0);
  EXPECT(has_text(text, "note: /no/such/folder/proc/iomem: no such file"));
  dtfix_buffer_free(&text);
  dtfix_report_free(&report);
  dtfix_buffer_free(&blob);
  handover.purpose = DTFIX_FOR_CRASH;
  handover.inputs = &header;
  handover.input_count = 1;
  handover.usable_memory = &usable;
  handover.usable_memory_count = 1;
  EXPECT(dtfix_tree_patch(good.tree, &handover, machine, &blob, NULL, NULL) == -DTFIX_E_UNAVAILABLE);
  EXPECT(dtfix_tree_patch(good.tree, &handover, NULL, &blob, NULL, NULL) == 0);
  dtfix_buffer_free(&blob);
  dtfix_machine_free(&machine);
}

/* Flags that say two things. */
static void test_contradictions(void) {
  dtfix_plan_options options = good.options;
  dtfix_handover handover = good.handover;
  dtfix_file_set *files = NULL;
  dtfix_file file = good.file;
  dtfix_plan *plan = NULL;
  dtfix_buffer *blob = NULL;
  options.flags = handover.flags = DTFIX_NO_COMMAND_LINE | DTFIX_REUSE_COMMAND_LINE;
  EXPECT(dtfix_plan_make(good.files, good.machine, &options, &plan, NULL, NULL) == -DTFIX_E_USAGE);
  EXPECT(dtfix_tree_patch(good.tree, &handover, good.machine, &blob, NULL, NULL) == -DTFIX_E_USAGE);
  EXPECT(plan == NULL && blob == NULL);
  options.flags = DTFIX_REUSE_COMMAND_LINE;
  file.type = DTFIX_FILE_KERNEL;
  EXPECT(dtfix_file_set_new(&files, NULL) == 0);
  EXPECT(dtfix_file_set_add(files, &file, NULL) == 0);
  EXPECT(dtfix_plan_make(files, good.machine, &options, &plan, NULL, NULL) == 0);
  dtfix_plan_free(&plan);
  file.type = DTFIX_FILE_COMMAND_LINE;
  file.bytes = "quiet";
  file.size = 5;
  EXPECT(dtfix_file_set_add(files, &file, NULL) == 0);
  EXPECT(dtfix_plan_make(files, good.machine, &options, &plan, NULL, NULL) == -DTFIX_E_USAGE);
  dtfix_file_set_free(&files);
}

/* A live tree without the blob that it came from lacks reservations, and the report of its patch says so; the first edit
   removes what the running kernel wrote there. */
static void test_live_tree(const char *folder) {
  dtfix_handover handover = good.handover;
  char root[4096];
  dtfix_machine *machine = NULL;
  dtfix_tree *tree = NULL;
  dtfix_buffer *blob = NULL;
  dtfix_report *report = NULL;
  size_t index, found = 0;
  snprintf(root, sizeof root, "%s/live", folder);
  handover.architecture = "aarch64";
  EXPECT(dtfix_machine_open(root, &machine, NULL) == 0);
  EXPECT(dtfix_machine_tree(machine, DTFIX_TREE_BEST, &tree, NULL) == 0);
  EXPECT(dtfix_tree_patch(tree, &handover, NULL, &blob, &report, NULL) == 0);
  for (index = 0; index < dtfix_report_finding_count(report); index++) {
    dtfix_finding finding = {.struct_size = sizeof finding};
    EXPECT(dtfix_report_finding(report, index, &finding, NULL) == 0);
    found += strcmp(finding.place, "reservations") == 0;
  }
  EXPECT(found == 1);
  dtfix_report_free(&report);
  dtfix_buffer_free(&blob);
  EXPECT(tree_has(tree, "linux,kernel-end"));
  expect_changes(tree, &good.edit, 1, 2);
  EXPECT(!tree_has(tree, "linux,kernel-end"));
  dtfix_tree_free(&tree);
  dtfix_machine_free(&machine);
}

static void test_elfcorehdr(void) {
  dtfix_buffer *header = NULL;
  dtfix_report *report = NULL;
  EXPECT(dtfix_elfcorehdr(good.machine, NULL, &header, &report, NULL) == 0);
  EXPECT(dtfix_buffer_size(header) == 4096);
  EXPECT(memcmp(dtfix_buffer_bytes(header), "\177ELF", 4) == 0);
  dtfix_report_free(&report);
  EXPECT(dtfix_elfcorehdr_check(
             dtfix_buffer_bytes(header), dtfix_buffer_size(header), good.machine, &report, NULL) == 0);
  EXPECT(dtfix_report_finding_count(report) == 0);
  dtfix_report_free(&report);
  dtfix_buffer_free(&header);
}

static void test_plan(void) {
  dtfix_plan_info info;
  dtfix_segment segment;
  dtfix_buffer *manifest = NULL;
  uint64_t last = 0;
  size_t index;
  memset(&info, 0, sizeof info);
  info.struct_size = sizeof info;
  EXPECT(dtfix_plan_info_read(good.plan, &info, NULL) == 0);
  EXPECT(info.purpose == DTFIX_FOR_CRASH && info.call == DTFIX_CALL_KEXEC_LOAD);
  EXPECT(info.flags == 1 && strcmp(info.architecture, "aarch64") == 0 && info.reason != NULL);
  EXPECT(info.segment_count == 4);
  for (index = 0; index < info.segment_count; index++) {
    memset(&segment, 0, sizeof segment);
    segment.struct_size = sizeof segment;
    EXPECT(dtfix_plan_segment(good.plan, index, &segment, NULL) == 0);
    EXPECT(segment.memory.start > last && segment.memory.size >= segment.size);
    last = segment.memory.start + segment.memory.size - 1;
    if (index == 0) EXPECT(strcmp(segment.name, "kernel") == 0);
    if (index == 0) EXPECT(segment.size == KERNEL_SIZE && memcmp(segment.bytes, kernel, KERNEL_SIZE) == 0);
  }
  EXPECT(dtfix_plan_manifest(good.plan, &manifest, NULL) == 0);
  EXPECT(has_text(manifest, "dtfix-plan 1\narch aarch64\ntype crash\n"));
  dtfix_buffer_free(&manifest);
}

/* A set takes one kernel, one tree, and so on; what was refused is not in it. */
static void test_file_set(void) {
  dtfix_file_set *files = NULL;
  dtfix_plan *plan = NULL;
  dtfix_file file = good.file;
  EXPECT(dtfix_file_set_new(&files, NULL) == 0);
  EXPECT(dtfix_plan_make(files, good.machine, &good.options, &plan, NULL, NULL) < 0);
  EXPECT(plan == NULL);
  EXPECT(dtfix_file_set_add(files, &file, NULL) == 0);
  EXPECT(dtfix_file_set_add(files, &file, NULL) == -DTFIX_E_USAGE);
  file.type = DTFIX_FILE_COMMAND_LINE;
  file.bytes = "quiet";
  file.size = 5;
  EXPECT(dtfix_file_set_add(files, &file, NULL) == 0);
  EXPECT(dtfix_file_set_add(files, &file, NULL) == -DTFIX_E_USAGE);
  EXPECT(dtfix_plan_make(files, good.machine, &good.options, &plan, NULL, NULL) == 0);
  dtfix_plan_free(&plan);
  dtfix_file_set_free(&files);
}

void test_uses(const char *folder) {
  test_editing();
  test_bad_edits();
  test_edits_of_handover();
  test_report();
  test_unknown_machine();
  test_contradictions();
  test_live_tree(folder);
  test_elfcorehdr();
  test_plan();
  test_file_set();
}
