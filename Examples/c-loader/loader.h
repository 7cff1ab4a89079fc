/* SPDX-License-Identifier: Apache-2.0 */
/* A loader for kexec on top of libdtfix: what its files share. */
#ifndef LOADER_H
#define LOADER_H

#include <dtfix.h>
#include <stdio.h>

/* What the command line requests. */
struct request {
  dtfix_file_set *files;
  dtfix_plan_options options;
  unsigned char kaslr_seed[256], rng_seed[256];
  const char *root, *output, *checked;
  int really;
};

/* The commands return an exit code. */
int load(struct request *request);
int capture(struct request *request);
int check(struct request *request);

/* Prints why in one line, and ends the program with an exit code: of dtfix.h, or one of these of sysexits.h. */
enum { EXIT_SOFTWARE_ = 70, EXIT_CANTCREAT_ = 73 };
void fail(int code, const char *format, ...);

/* try(dtfix_…(…, &error)) ends the program if the call failed. try_on names the file that is at fault. */
extern dtfix_error *error;
void try(int result);
void try_on(const char *file, int result);

/* Prints text of which some comes from files: control characters become question marks. */
void print(FILE *stream, const char *text);
/* Opens a file for reading. */
int open_file(const char *path);
/* Writes a new file that only its owner may read; `folder` is open, or AT_FDCWD. */
void write_file(int folder, const char *name, const void *bytes, size_t size);

#endif
