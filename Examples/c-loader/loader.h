/* SPDX-License-Identifier: Apache-2.0 */
/* What both files use. Exit codes are those of dtfix.h and two more of sysexits.h. */
#ifndef LOADER_H
#define LOADER_H

#include <dtfix.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SOFTWARE = 70, CANNOT_CREATE = 73 };

/* Prints text that may come from a file: control characters become question marks. */
static inline void print(FILE *stream, const char *text) {
  for (; *text != '\0'; text++) {
    const unsigned char byte = (unsigned char)*text;
    putc((byte < ' ' && byte != '\n') || byte == 0x7f ? '?' : byte, stream);
  }
}

/* Prints a message and ends the program. */
static inline void fail(int code, const char *format, ...) {
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

static dtfix_error *error;

/* try(FILE, dtfix_…(…, &error)) ends the program if the call failed; FILE, if not NULL, is in the message. */
static inline void try(const char *file, int result) {
  const int code = dtfix_error_code(error);
  if (result != 0)
    fail(code < DTFIX_E_USAGE ? SOFTWARE : code, "%s%s%s", file ? file : "", file ? ": " : "",
         dtfix_error_message(error));
}

static inline int open_file(const char *path) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    fail(errno == ENOENT ? DTFIX_E_MISSING : errno == EACCES ? DTFIX_E_PERMISSION : DTFIX_E_IO, "%s: %s", path,
         strerror(errno));
  return file;
}

/* Writes a new file with mode 0600; `folder` is open, or AT_FDCWD. */
static inline void write_file(int folder, const char *name, const void *bytes, size_t size) {
  const int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
  if (file == NULL) fail(CANNOT_CREATE, "%s: %s", name, strerror(errno));
  if (fwrite(bytes, 1, size, file) != size || fflush(file) != 0 || fsync(fd) != 0) {
    const int why = errno;
    unlinkat(folder, name, 0);
    fail(DTFIX_E_IO, "%s: %s", name, strerror(why));
  }
  fclose(file);
}

/* Writes a buffer and frees it. */
static inline void write_buffer(int folder, const char *name, dtfix_buffer *buffer) {
  write_file(folder, name, dtfix_buffer_bytes(buffer), dtfix_buffer_size(buffer));
  dtfix_buffer_free(&buffer);
}

/* The command line. */
struct request {
  dtfix_file_set *files;
  dtfix_plan_options options;
  unsigned char kaslr_seed[256], rng_seed[256];
  const char *root, *output, *checked;
  int really;
};

static inline dtfix_machine *machine_of(const struct request *request) {
  dtfix_machine *machine = NULL;
  try(NULL, dtfix_machine_open(request->root, &machine, &error));
  return machine;
}

/* In check.c; they return an exit code. */
int capture(struct request *request);
int check(struct request *request);

#endif
