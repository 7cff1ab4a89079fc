/* SPDX-License-Identifier: Apache-2.0 */
/* File descriptors of every kind, given to dtfix_read and to a file set. */
#define _GNU_SOURCE
#include "support.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int fd;

static int calls_with_fd(int number, void *unused) {
  dtfix_file file = good.file;
  (void)unused;
  file.type = DTFIX_FILE_INITRD;
  file.bytes = NULL;
  file.size = 0;
  file.fd = fd;
  file.has_fd = 1;
  CALL(dtfix_read(fd, &out.buffer, E))
  CALL(dtfix_file_set_add(good.files, &file, E))
  return NO_SUCH_CALL;
}

/* A descriptor, or the end: what is tested depends on it. */
static int must_be(int descriptor) {
  if (descriptor < 0) {
    perror("files.c");
    exit(2);
  }
  return descriptor;
}

/* Refused, left open, and left where it was. */
static void expect_refused(int descriptor, int code) {
  fd = descriptor;
  expect_refusals(calls_with_fd, NULL, code, code);
}

/* Bytes that a thread writes into a pipe, in two pieces, before it closes it. */
static void *write_slowly(void *argument) {
  const int end = *(int *)argument;
  EXPECT(write(end, "slow", 4) == 4);
  usleep(20000);
  EXPECT(write(end, "ly", 2) == 2);
  close(end);
  return NULL;
}

static void expect_read(int descriptor, const char *text) {
  dtfix_buffer *buffer = NULL;
  EXPECT(dtfix_read(descriptor, &buffer, NULL) == 0);
  EXPECT(dtfix_buffer_size(buffer) == strlen(text));
  EXPECT(buffer != NULL && strcmp(dtfix_buffer_bytes(buffer), text) == 0);
  dtfix_buffer_free(&buffer);
  EXPECT(fcntl(descriptor, F_GETFD) >= 0);
}

static void test_pipes(void) {
  int ends[2];
  pthread_t writer;
  must_be(pipe(ends));
  expect_refused(ends[1], DTFIX_E_USAGE);
  if (pthread_create(&writer, NULL, write_slowly, &ends[1]) != 0) exit(2);
  expect_read(ends[0], "slowly");
  pthread_join(writer, NULL);
  expect_read(ends[0], "");
  close(ends[0]);
}

/* Grows for as long as `growing` is set. */
static volatile int growing;
static void *grow(void *argument) {
  static const char block[4096];
  const int file = *(int *)argument;
  while (growing)
    if (write(file, block, sizeof block) < 0) break;
  return NULL;
}

/* What is read of a file that grows is some of it, and reading ends. */
static void test_growing_file(const char *path) {
  int writing = must_be(open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600));
  int reading = must_be(open(path, O_RDONLY));
  dtfix_buffer *buffer = NULL;
  pthread_t writer;
  int result;
  growing = 1;
  if (pthread_create(&writer, NULL, grow, &writing) != 0) exit(2);
  result = dtfix_read(reading, &buffer, NULL);
  growing = 0;
  pthread_join(writer, NULL);
  EXPECT(result == 0 || result == -DTFIX_E_IO || result == -DTFIX_E_MALFORMED);
  dtfix_buffer_free(&buffer);
  close(reading);
  close(writing);
}

static void test_regular_file(const char *path) {
  int file = must_be(open(path, O_CREAT | O_TRUNC | O_RDWR, 0600));
  EXPECT(write(file, "whole", 5) == 5);
  expect_read(file, "whole");
  EXPECT(lseek(file, 2, SEEK_SET) == 2);
  expect_read(file, "whole");
  EXPECT(ftruncate(file, (1L << 30) + 1) == 0);
  expect_refused(file, DTFIX_E_MALFORMED);
  close(file);
}

void test_files(const char *folder) {
  char path[4096];
  int pair[2], closed;
  snprintf(path, sizeof path, "%s/file", folder);
  test_regular_file(path);
  test_growing_file(path);
  test_pipes();
  expect_refused(-1, DTFIX_E_USAGE);
  expect_refused(INT32_MAX, DTFIX_E_USAGE);
  expect_refused(INT32_MIN, DTFIX_E_USAGE);
  closed = must_be(open(path, O_RDONLY));
  close(closed);
  expect_refused(closed, DTFIX_E_USAGE);
  fd = must_be(open(path, O_WRONLY));
  expect_refused(fd, DTFIX_E_USAGE);
  close(fd);
  fd = must_be(open(path, O_PATH));
  expect_refusals(calls_with_fd, NULL, DTFIX_E_USAGE, DTFIX_E_IO);
  close(fd);
  fd = must_be(open(folder, O_RDONLY | O_DIRECTORY));
  expect_refused(fd, DTFIX_E_MISSING);
  close(fd);
  must_be(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
  expect_refused(pair[0], DTFIX_E_MISSING);
  close(pair[0]);
  close(pair[1]);
  fd = must_be(open("/dev/null", O_RDONLY));
  expect_read(fd, "");
  close(fd);
}
