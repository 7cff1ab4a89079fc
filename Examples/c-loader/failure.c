/* SPDX-License-Identifier: Apache-2.0 */
#include "loader.h"

#include <stdarg.h>
#include <stdio.h>

static void put(FILE *file, const char *text) {
  for (; *text != '\0'; text++) {
    const unsigned char byte = (unsigned char)*text;
    putc((byte < ' ' && byte != '\n') || byte == 0x7f ? '?' : byte, file);
  }
}

void print(const char *text) { put(stdout, text); }

int failed(int code, const char *format, ...) {
  char text[1024];
  va_list values;
  va_start(values, format);
  vsnprintf(text, sizeof text, format, values);
  va_end(values);
  fputs("c-loader: ", stderr);
  put(stderr, text);
  putc('\n', stderr);
  return code;
}

int failed_by(dtfix_error **error) { return failed_in(NULL, error); }

int failed_in(const char *file, dtfix_error **error) {
  const int code = dtfix_error_code(*error);
  const char *message = dtfix_error_message(*error);
  if (file == NULL)
    failed(code, "%s", message);
  else
    failed(code, "%s: %s", file, message);
  dtfix_error_free(error);
  /* Below 64 are mistakes of the program that calls the library. */
  return code < 64 ? EXIT_SOFTWARE_ : code;
}
