/* SPDX-License-Identifier: Apache-2.0 */
/* A loader for kexec on top of libdtfix: what its files know of each other. */
#ifndef LOADER_H
#define LOADER_H

#include <dtfix.h>
#include <stdbool.h>
#include <stddef.h>

/* Exit codes besides those of dtfix.h, which are those of sysexits.h. */
enum { EXIT_FOUND = 1, EXIT_SOFTWARE_ = 70, EXIT_CANTCREAT_ = 73 };

/* ---- failure.c: functions return 0 or an exit code, and have said why ---- */

/* Says why, in one line, and returns the code. */
int failed(int code, const char *format, ...);
/* Says what the library says, frees that, and returns the exit code for it. */
int failed_by(dtfix_error **error);
/* The same of a file, where the library does not know its name. */
int failed_in(const char *file, dtfix_error **error);
/* Prints text of which some comes from files: control characters become question marks. */
void print(const char *text);

/* ---- arguments.c ---- */

enum command { LOAD, LOAD_CRASH, CAPTURE, CHECK };
enum { MOST_FILES = 32 };

/* A file of the command line, and what it is for: DTFIX_FILE_…. `name` is what the library calls it. */
struct named_file {
  uint32_t type;
  const char *name;
  const char *path;
};

struct seed {
  unsigned char bytes[256];
  size_t size;
};

struct arguments {
  enum command command;
  struct named_file files[MOST_FILES];
  size_t file_count;
  const char *command_line;
  const char *append;
  const char *root;
  const char *output;
  /* DTFIX_CALL_… */
  uint32_t call;
  /* DTFIX_NO_KASLR_SEED, … */
  uint32_t flags;
  struct seed kaslr_seed, rng_seed;
  bool really;
};

int read_arguments(int count, char **words, struct arguments *arguments);

/* ---- load.c, look.c: the commands ---- */

int load(const struct arguments *arguments);
int capture(const struct arguments *arguments);
int check(const struct arguments *arguments);

/* ---- files.c ---- */

/* Reads a file as the library does. */
int read_file(const char *path, dtfix_buffer **bytes);
/* Adds a file to a set; it is opened, read and closed. */
int add_file(dtfix_file_set *files, const struct named_file *file);
/* Writes a new file that only its owner may read; `folder` is open, or AT_FDCWD. */
int write_file(int folder, const char *name, const void *bytes, size_t size);
/* Writes the folder that `dtfix plan -o` writes: all of it or nothing. */
int write_plan(const char *path, const dtfix_plan *plan);

/* ---- kexec.c: the system calls ---- */

/* Fills in what only the kernel itself can tell. */
void ask_kernel(dtfix_machine_status *status);
int make_call(const dtfix_plan *plan);

#endif
