/* SPDX-License-Identifier: Apache-2.0 */
/* The header alone, twice, before anything else. Each compiler compiles this, as C and as C++. */
#include <dtfix.h>
#include <dtfix.h>

int main(void) {
  dtfix_error *error = NULL;
  dtfix_error_free(&error);
  return dtfix_abi_version() == DTFIX_ABI_VERSION ? 0 : 1;
}
