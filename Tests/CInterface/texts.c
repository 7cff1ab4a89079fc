/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes and texts that are not what they should be. */
#include "support.h"

#include <stdlib.h>
#include <string.h>

/* No UTF-8. */
static const char broken[] = "\xff\xc0\x80";
/* Longer than anything has room for. */
static char *endless;

static int calls_with_texts(int number, void *text) {
  dtfix_handover handover = good.handover;
  dtfix_plan_options options = good.options;
  dtfix_edit edit = good.edit;
  CALL((edit.text = text, dtfix_tree_edit(good.tree, &edit, 1, &out.report, E)))
  CALL((edit.kind = DTFIX_EDIT_DELETE, edit.text = text, dtfix_tree_edit(good.tree, &edit, 1, &out.report, E)))
  CALL((edit.kind = DTFIX_EDIT_UNRESERVE, edit.text = text, dtfix_tree_edit(good.tree, &edit, 1, &out.report, E)))
  CALL(dtfix_tree_check(good.tree, DTFIX_FOR_KEXEC, text, &out.report, E))
  CALL((handover.architecture = text,
        dtfix_tree_patch(good.tree, &handover, NULL, &out.buffer, &out.report, E)))
  CALL((options.architecture = text,
        dtfix_plan_make(good.files, good.machine, &options, &out.plan, &out.report, E)))
  return NO_SUCH_CALL;
}

/* A good tree, cut short at each of many places, and with each of many bytes changed: never more than an error. */
static void test_damage(void) {
  const size_t size = dtfix_buffer_size(good.buffer);
  unsigned char *blob = malloc(size);
  dtfix_tree *tree = NULL;
  size_t index;
  if (blob == NULL) abort();
  memcpy(blob, dtfix_buffer_bytes(good.buffer), size);
  for (index = 0; index < size; index += index < 80 ? 1 : 193) {
    EXPECT(dtfix_tree_open(blob, index, &tree, NULL) == -DTFIX_E_MALFORMED);
    blob[index] ^= 0x80;
    dtfix_tree_open(blob, size, &tree, NULL);
    dtfix_tree_free(&tree);
    blob[index] ^= 0x80;
  }
  EXPECT(dtfix_tree_open(blob, size, &tree, NULL) == 0);
  dtfix_tree_free(&tree);
  free(blob);
}

void test_texts(void) {
  enum { ENDLESS = 1 << 20 };
  endless = malloc(ENDLESS);
  if (endless == NULL) abort();
  memset(endless, 'a', ENDLESS);
  endless[ENDLESS - 1] = '\0';
  expect_refusals(calls_with_texts, (void *)(uintptr_t)broken, DTFIX_E_ARGUMENT, DTFIX_E_ARGUMENT);
  expect_refusals(calls_with_texts, (void *)(uintptr_t)"no/such/place", DTFIX_E_USAGE, DTFIX_E_USAGE);
  expect_refusals(calls_with_texts, endless, DTFIX_E_USAGE, DTFIX_E_USAGE);
  free(endless);
  test_damage();
}
