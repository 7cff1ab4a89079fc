/* SPDX-License-Identifier: Apache-2.0 */
/* Eight threads at work, with handles of their own and with handles that all read: threads MACHINE. Each result has the
   very bytes that one thread alone makes. ThreadSanitizer watches. To see that it does, `threads MACHINE race` does what
   dtfix.h forbids: two threads change one tree. */
#include "support.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* ThreadSanitizer in Debian's Swift 6.2 wants the size of a struct that the C library has had no more since 2.42. */
__attribute__((weak)) unsigned termio_size __asm__("_ZN11__sanitizer16struct_termio_szE") = 18;

enum { THREADS = 8 };

static bool are_same(const dtfix_buffer *one, const dtfix_buffer *other) {
  size_t size = dtfix_buffer_size(one);
  return size > 0 && size == dtfix_buffer_size(other) &&
         memcmp(dtfix_buffer_bytes(one), dtfix_buffer_bytes(other), size) == 0;
}

/* What each thread makes. */
struct results {
  dtfix_buffer *source, *blob, *report, *header, *manifest, *json;
};

static void free_results(struct results *all) {
  dtfix_buffer_free(&all->source);
  dtfix_buffer_free(&all->blob);
  dtfix_buffer_free(&all->report);
  dtfix_buffer_free(&all->header);
  dtfix_buffer_free(&all->manifest);
  dtfix_buffer_free(&all->json);
}

/* A number of failed calls. */
static int edit_own_tree(struct results *all) {
  dtfix_tree *tree = NULL;
  int failed = dtfix_machine_tree(good.machine, DTFIX_TREE_BEST, &tree, NULL) != 0;
  failed += dtfix_tree_edit(tree, &good.edit, 1, NULL, NULL) != 0;
  failed += dtfix_tree_source(tree, &all->source, NULL) != 0;
  dtfix_tree_free(&tree);
  return failed;
}

static int patch_shared_tree(struct results *all) {
  dtfix_report *report = NULL;
  int failed =
      dtfix_tree_patch(good.tree, &good.handover, good.machine, &all->blob, &report, NULL) != 0;
  failed += dtfix_report_json(report, &all->report, NULL) != 0;
  dtfix_report_free(&report);
  return failed;
}

static int plan_shared_files(struct results *all) {
  dtfix_plan *plan = NULL;
  dtfix_segment segment;
  int failed =
      dtfix_plan_make(good.files, good.machine, &good.options, &plan, NULL, NULL) != 0;
  failed += dtfix_plan_manifest(plan, &all->manifest, NULL) != 0;
  failed += dtfix_plan_json(good.plan, &all->json, NULL) != 0;
  memset(&segment, 0, sizeof segment);
  segment.struct_size = sizeof segment;
  failed += dtfix_plan_segment(good.plan, 0, &segment, NULL) != 0;
  failed += memcmp(segment.bytes, kernel, KERNEL_SIZE) != 0;
  dtfix_plan_free(&plan);
  return failed;
}

static int make_mistakes(void) {
  dtfix_error *error = NULL;
  dtfix_change change = {.struct_size = sizeof change};
  int failed = dtfix_report_change(good.report, 1000000, &change, &error) != -DTFIX_E_NOT_FOUND;
  failed += dtfix_error_message(error)[0] == '\0';
  dtfix_error_free(&error);
  return failed;
}

static int make_results(struct results *all) {
  memset(all, 0, sizeof *all);
  return edit_own_tree(all) + patch_shared_tree(all) + plan_shared_files(all) + make_mistakes() +
         (dtfix_elfcorehdr(good.machine, NULL, &all->header, NULL, NULL) != 0);
}

static struct results alone;

static void *work(void *argument) {
  int *failed = argument;
  struct results mine;
  *failed = make_results(&mine);
  *failed += !are_same(mine.source, alone.source) + !are_same(mine.blob, alone.blob);
  *failed += !are_same(mine.report, alone.report) + !are_same(mine.header, alone.header);
  *failed += !are_same(mine.manifest, alone.manifest) + !are_same(mine.json, alone.json);
  free_results(&mine);
  return NULL;
}

/* Forbidden when another thread uses the tree. */
static void *change(void *argument) {
  int round;
  (void)argument;
  for (round = 0; round < 20; round++) dtfix_tree_edit(good.tree, &good.edit, 1, NULL, NULL);
  return NULL;
}

static int race(void) {
  pthread_t other;
  if (pthread_create(&other, NULL, change, NULL) != 0) return 2;
  change(NULL);
  pthread_join(other, NULL);
  return 0;
}

int main(int count, char **arguments) {
  pthread_t threads[THREADS];
  int failed[THREADS] = {0}, index;
  if (count < 2) return 64;
  make_good(arguments[1]);
  if (count == 3 && strcmp(arguments[2], "race") == 0) return race();
  EXPECT(make_results(&alone) == 0);
  for (index = 0; index < THREADS; index++)
    if (pthread_create(&threads[index], NULL, work, &failed[index]) != 0) return 2;
  for (index = 0; index < THREADS; index++) {
    pthread_join(threads[index], NULL);
    EXPECT(failed[index] == 0);
  }
  free_results(&alone);
  free_good();
  return exit_code();
}
