// SPDX-License-Identifier: Apache-2.0
// peer TREE OUT: one whole process that patches a tree as `dtfix --for-kexec` does.

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "peer.h"

int main(int argc, char **argv) {
  if (argc != 3) return 64;
  FILE *in = fopen(argv[1], "rb");
  if (!in) return 66;
  size_t capacity = 4 << 20, size;
  void *blob = malloc(capacity), *result;
  size = fread(blob, 1, capacity, in);
  fclose(in);
  uint8_t seeds[128];
  if (getrandom(seeds, sizeof seeds, 0) != sizeof seeds) return 71;
  long made = peer_patch(blob, size, "console=ttyAMA0 quiet", 0x48000000, 0x1f9bb8, seeds, &result);
  if (made < 0) return 65;
  int out = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0600);
  return out >= 0 && write(out, result, (size_t)made) == made && close(out) == 0 ? 0 : 74;
}
