/* SPDX-License-Identifier: Apache-2.0 */
/* A small loader for kexec: a dry run, unless it is told --really. Its errors are one line, perhaps with a second one of
   advice, and an exit code of sysexits.h, as dtfix has them. */
#include "loader.h"

int main(int count, char **words) {
  struct arguments arguments;
  const int result = read_arguments(count, words, &arguments);
  if (result != 0) return result < 0 ? 0 : result;
  switch (arguments.command) {
    case CAPTURE: return capture(&arguments);
    case CHECK: return check(&arguments);
    default: return load(&arguments);
  }
}
