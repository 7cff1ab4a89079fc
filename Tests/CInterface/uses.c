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

static void expect_property(dtfix_tree *tree, const char *name, const void *value, size_t size) {
  dtfix_buffer *found = NULL;
  EXPECT(dtfix_tree_property(tree, "/chosen", name, &found, NULL) == 0);
  EXPECT(dtfix_buffer_size(found) == size);
  EXPECT(found != NULL && memcmp(dtfix_buffer_bytes(found), value, size) == 0);
  dtfix_buffer_free(&found);
}

static void test_editing(void) {
  dtfix_tree *tree = NULL, *copy = NULL;
  dtfix_buffer *names = NULL;
  dtfix_report *report = NULL;
  dtfix_range range = {0x1000, 0x2000}, found = {0, 0};
  EXPECT(dtfix_tree_new(&tree, NULL) == 0);
  EXPECT(dtfix_tree_add_node(tree, "/", "chosen", NULL) == 0);
  EXPECT(dtfix_tree_copy(tree, &copy, NULL) == 0);
  EXPECT(dtfix_tree_set_property(tree, "/chosen", "bootargs", "quiet", 6, NULL) == 0);
  EXPECT(dtfix_tree_set_property(tree, "/chosen", "empty", NULL, 0, NULL) == 0);
  expect_property(tree, "bootargs", "quiet", 6);
  expect_property(tree, "empty", "", 0);
  EXPECT(dtfix_tree_properties(tree, "/chosen", &names, NULL) == 0);
  EXPECT(has_bytes(names, "bootargs", 9) && has_bytes(names, "empty", 6));
  EXPECT(dtfix_buffer_size(names) == 15);
  dtfix_buffer_free(&names);
  EXPECT(dtfix_tree_children(tree, "/", &names, NULL) == 0);
  EXPECT(has_text(names, "chosen"));
  dtfix_buffer_free(&names);
  EXPECT(dtfix_tree_add_reservation(tree, range, NULL) == 0);
  EXPECT(dtfix_tree_reservation_count(tree) == 1);
  EXPECT(dtfix_tree_reservation(tree, 0, &found, NULL) == 0);
  EXPECT(found.start == 0x1000 && found.size == 0x2000);
  EXPECT(dtfix_tree_compare(copy, tree, &report, NULL) == 0);
  EXPECT(dtfix_report_change_count(report) == 3);
  dtfix_report_free(&report);
  EXPECT(dtfix_tree_delete_reservation(tree, range, NULL) == 0);
  EXPECT(dtfix_tree_delete_reservation(tree, range, NULL) == -DTFIX_E_NOT_FOUND);
  EXPECT(dtfix_tree_delete_property(tree, "/chosen", "empty", NULL) == 0);
  EXPECT(dtfix_tree_delete_property(tree, "/chosen", "empty", NULL) == -DTFIX_E_NOT_FOUND);
  EXPECT(dtfix_tree_delete_property(tree, "/chosen", "bootargs", NULL) == 0);
  EXPECT(dtfix_tree_compare(copy, tree, &report, NULL) == 0);
  EXPECT(dtfix_report_change_count(report) == 0);
  dtfix_report_free(&report);
  EXPECT(dtfix_tree_delete_node(tree, "/chosen", NULL) == 0);
  EXPECT(dtfix_tree_delete_node(tree, "/chosen", NULL) == -DTFIX_E_NOT_FOUND);
  dtfix_tree_free(&copy);
  dtfix_tree_free(&tree);
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
  expect_property(tree, "rng-seed", other, sizeof other);
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
  handover.core_header = (dtfix_range){0x44000000, 0x1000};
  handover.usable_memory = &usable;
  handover.usable_memory_count = 1;
  EXPECT(dtfix_tree_patch(good.tree, &handover, machine, &blob, NULL, NULL) == -DTFIX_E_NOT_OFFERED);
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

/* A live tree without the blob that it came from lacks reservations, and the report of its patch says so. */
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
  dtfix_tree_free(&tree);
  dtfix_machine_free(&machine);
}

static void test_core_header(void) {
  dtfix_buffer *header = NULL;
  dtfix_report *report = NULL;
  EXPECT(dtfix_core_header(good.machine, NULL, &header, &report, NULL) == 0);
  EXPECT(dtfix_buffer_size(header) == 4096);
  EXPECT(memcmp(dtfix_buffer_bytes(header), "\177ELF", 4) == 0);
  dtfix_report_free(&report);
  EXPECT(dtfix_core_header_check(
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
  test_report();
  test_unknown_machine();
  test_contradictions();
  test_live_tree(folder);
  test_core_header();
  test_plan();
  test_file_set();
}
