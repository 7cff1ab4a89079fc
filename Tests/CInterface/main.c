/* SPDX-License-Identifier: Apache-2.0 */
/* Calls every function of dtfix.h, well and wrongly: calls MACHINE FOLDER. Silent when all is well. */
#include "support.h"

#include <stdio.h>

int main(int count, char **arguments) {
  if (count != 3) {
    fprintf(stderr, "usage: calls MACHINE FOLDER\n");
    return 64;
  }
  EXPECT(dtfix_abi_version() == DTFIX_ABI_VERSION);
  make_good(arguments[1]);
  test_handles();
  test_nulls();
  test_sizes();
  test_versions();
  test_texts();
  test_files(arguments[2]);
  test_uses(arguments[2]);
  free_good();
  return exit_code();
}
