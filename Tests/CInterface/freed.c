/* SPDX-License-Identifier: Apache-2.0 */
/* Handles that were freed: refused while their memory tells. This reads memory that was freed, so it is a program of its
   own, which valgrind does not run: freed MACHINE. */
#include "support.h"

#include <stdio.h>

int main(int count, char **arguments) {
  struct good stale;
  dtfix_buffer *buffer = NULL;
  dtfix_tree *tree = NULL;
  if (count != 2) return 64;
  make_good(arguments[1]);
  stale = good;
  free_good();
  EXPECT(good.tree == NULL && good.plan == NULL && good.error == NULL);
  EXPECT(dtfix_tree_blob(stale.tree, &buffer, NULL) == -DTFIX_E_HANDLE);
  EXPECT(dtfix_tree_edit(stale.tree, &stale.edit, 1, NULL, NULL) == -DTFIX_E_HANDLE);
  EXPECT(dtfix_report_text(stale.report, &buffer, NULL) == -DTFIX_E_HANDLE);
  EXPECT(dtfix_machine_architecture(stale.machine, &buffer, NULL) == -DTFIX_E_HANDLE);
  EXPECT(dtfix_file_set_add(stale.files, &stale.file, NULL) == -DTFIX_E_HANDLE);
  EXPECT(dtfix_plan_manifest(stale.plan, &buffer, NULL) == -DTFIX_E_HANDLE);
  EXPECT(dtfix_buffer_bytes(stale.buffer) == NULL);
  EXPECT(dtfix_error_code(stale.error) == 0);
  EXPECT(buffer == NULL && tree == NULL);
  /* A second free of the same handle does nothing. */
  tree = stale.tree;
  dtfix_tree_free(&tree);
  dtfix_plan_free(&stale.plan);
  return exit_code();
}
