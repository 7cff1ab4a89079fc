/* SPDX-License-Identifier: Apache-2.0 */
/* Failures and files. */
#define _POSIX_C_SOURCE 200809L
#include "loader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

dtfix_error *error;

void print(FILE *stream, const char *text) {
  for (; *text != '\0'; text++) {
    const unsigned char byte = (unsigned char)*text;
    putc((byte < ' ' && byte != '\n') || byte == 0x7f ? '?' : byte, stream);
  }
}

void fail(int code, const char *format, ...) {
  char text[1024];
  va_list values;
  va_start(values, format);
  vsnprintf(text, sizeof text, format, values);
  va_end(values);
  fputs("c-loader: ", stderr);
  print(stderr, text);
  putc('\n', stderr);
  exit(code);
}

void try(int result) { try_on(NULL, result); }

/* Codes below 64 are mistakes of the program that calls the library. */
void try_on(const char *file, int result) {
  const int code = dtfix_error_code(error);
  if (result != 0)
    fail(code < 64 ? EXIT_SOFTWARE_ : code, "%s%s%s", file ? file : "", file ? ": " : "",
         dtfix_error_message(error));
}

int open_file(const char *path) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    fail(errno == ENOENT ? DTFIX_E_MISSING : errno == EACCES ? DTFIX_E_PERMISSION : DTFIX_E_IO, "%s: %s", path,
         strerror(errno));
  return file;
}

void write_file(int folder, const char *name, const void *bytes, size_t size) {
  const int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
  if (file == NULL) fail(EXIT_CANTCREAT_, "%s: %s", name, strerror(errno));
  if (fwrite(bytes, 1, size, file) != size || fflush(file) != 0 || fsync(fd) != 0) {
    const int why = errno;
    unlinkat(folder, name, 0);
    fail(DTFIX_E_IO, "%s: %s", name, strerror(why));
  }
  fclose(file);
}
