// SPDX-License-Identifier: Apache-2.0
// peer TREE OUT: one whole process that patches a tree as `dtfix --for-kexec` does.
// peer elfcorehdr MACHINE OUT: one that makes a core header as `dtfix elfcorehdr` does.
// peer resident COMMAND ...: runs a command and prints the KiB that it had resident at most; not less
// than this process has, which is why a larger one cannot ask.

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory.h"
#include "peer.h"

static long patch(const char *path, void **result) {
  FILE *in = fopen(path, "rb");
  if (!in) return -1;
  size_t capacity = 4 << 20, size;
  void *blob = malloc(capacity);
  size = fread(blob, 1, capacity, in);
  fclose(in);
  uint8_t seeds[128];
  if (getrandom(seeds, sizeof seeds, 0) != sizeof seeds) return -1;
  return peer_patch(blob, size, "console=ttyAMA0 quiet", 0x48000000, 0x1f9bb8, seeds, result);
}

static int print_resident(char **command) {
  pid_t child = fork();
  if (child == 0) {
    execvp(command[0], command);
    _exit(127);
  }
  int status;
  struct rusage usage;
  if (wait4(child, &status, 0, &usage) != child || status != 0) return 70;
  printf("%ld\n", usage.ru_maxrss);
  return 0;
}

int main(int argc, char **argv) {
  if (argc > 2 && strcmp(argv[1], "resident") == 0) return print_resident(argv + 2);
  if (argc != 3 && (argc != 4 || strcmp(argv[1], "elfcorehdr") != 0)) return 64;
  void *result;
  long made = argc == 3 ? patch(argv[1], &result) : peer_elfcorehdr(argv[2], &result);
  if (made < 0) return 65;
  int out = open(argv[argc - 1], O_WRONLY | O_CREAT | O_TRUNC, 0600);
  return out >= 0 && write(out, result, (size_t)made) == made && close(out) == 0 ? 0 : 74;
}
