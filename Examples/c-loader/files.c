/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L
#include "loader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int cannot(const char *path) {
  const int code = errno == ENOENT ? DTFIX_E_MISSING : errno == EACCES ? DTFIX_E_PERMISSION : DTFIX_E_IO;
  return failed(code, "%s: %s", path, strerror(errno));
}

int read_file(const char *path, dtfix_buffer **bytes) {
  dtfix_error *error = NULL;
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  int result;
  if (file < 0) return cannot(path);
  result = dtfix_read(file, bytes, &error);
  close(file);
  return result == 0 ? 0 : failed_by(&error);
}

int add_file(dtfix_file_set *files, const struct named_file *named) {
  dtfix_file file;
  dtfix_error *error = NULL;
  int result;
  memset(&file, 0, sizeof file);
  file.struct_size = sizeof file;
  file.type = named->type;
  file.name = named->name;
  file.fd = open(named->path, O_RDONLY | O_CLOEXEC);
  file.has_fd = 1;
  if (file.fd < 0) return cannot(named->path);
  result = dtfix_file_set_add(files, &file, &error);
  close(file.fd);
  return result == 0 ? 0 : failed_by(&error);
}

int write_file(int folder, const char *name, const void *bytes, size_t size) {
  const char *rest = bytes;
  int why = 0;
  const int file = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return failed(EXIT_CANTCREAT_, "%s: %s", name, strerror(errno));
  while (size > 0 && why == 0) {
    const ssize_t written = write(file, rest, size);
    if (written < 0 && errno != EINTR) why = errno;
    if (written < 0) continue;
    rest += written;
    size -= (size_t)written;
  }
  if (why == 0 && fsync(file) != 0) why = errno;
  close(file);
  if (why == 0) return 0;
  unlinkat(folder, name, 0);
  return failed(DTFIX_E_IO, "%s: %s", name, strerror(why));
}

/* Writes what a function of the library makes of a plan. */
static int write_text(
    int folder, const char *name, const dtfix_plan *plan,
    int (*make)(const dtfix_plan *, dtfix_buffer **, dtfix_error **)) {
  dtfix_buffer *text = NULL;
  dtfix_error *error = NULL;
  int result;
  if (make(plan, &text, &error) != 0) return failed_by(&error);
  result = write_file(folder, name, dtfix_buffer_bytes(text), dtfix_buffer_size(text));
  dtfix_buffer_free(&text);
  return result;
}

/* Writes the files of a plan, or removes those that are there. */
static int for_each_file(int folder, const dtfix_plan *plan, bool removes) {
  dtfix_segment segment;
  char name[256];
  size_t index;
  int result = 0;
  memset(&segment, 0, sizeof segment);
  segment.struct_size = sizeof segment;
  for (index = 0; result == 0 && dtfix_plan_segment(plan, index, &segment, NULL) == 0; index++) {
    snprintf(name, sizeof name, "%s.bin", segment.name);
    if (removes)
      unlinkat(folder, name, 0);
    else
      result = write_file(folder, name, segment.bytes, segment.size);
  }
  if (removes) return unlinkat(folder, "plan.json", 0), unlinkat(folder, "manifest", 0), 0;
  if (result == 0) result = write_text(folder, "plan.json", plan, dtfix_plan_json);
  return result == 0 ? write_text(folder, "manifest", plan, dtfix_plan_manifest) : result;
}

int write_plan(const char *path, const dtfix_plan *plan) {
  char temporary[4096];
  int folder, result;
  if (snprintf(temporary, sizeof temporary, "%s.XXXXXX", path) >= (int)sizeof temporary)
    return failed(DTFIX_E_USAGE, "-o: the name is too long");
  if (mkdtemp(temporary) == NULL || (folder = open(temporary, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
    return failed(EXIT_CANTCREAT_, "%s: %s", path, strerror(errno));
  result = for_each_file(folder, plan, false);
  /* A folder that is there has to be empty. */
  if (result == 0 && rename(temporary, path) != 0)
    result = failed(EXIT_CANTCREAT_, "%s: %s", path, strerror(errno));
  if (result != 0) for_each_file(folder, plan, true), rmdir(temporary);
  close(folder);
  return result;
}
