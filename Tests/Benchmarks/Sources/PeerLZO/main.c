// SPDX-License-Identifier: Apache-2.0
// peer-lzo FILE: unpacks a file of lzop with the liblzo2 of this machine, if it has one, and prints
// the nanoseconds. A program of its own that loads the library by name: liblzo2 is under the GPL and is
// never linked.
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef unsigned (*checksum_function)(unsigned, const uint8_t *, size_t);
typedef int (*unpack_function)(const uint8_t *, size_t, uint8_t *, size_t *, void *);

static uint32_t word(const uint8_t *bytes) {
  return (uint32_t)bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
}

/// Unpacks the blocks: sizes, the Adler-32 that lzop writes unless told otherwise, data.
static size_t unpack(const uint8_t *in, uint8_t *out, unpack_function lzo, checksum_function adler) {
  size_t total = 0;
  for (;;) {
    size_t size = word(in);
    if (size == 0) return total;
    size_t packed = word(in + 4);
    uint32_t checksum = word(in + 8);
    in += 12;
    if (packed < size) {
      size_t found = size;
      if (lzo(in, packed, out + total, &found, NULL) != 0 || found != size) return 0;
    } else {
      __builtin_memcpy(out + total, in, size);
    }
    if (adler(1, out + total, size) != checksum) return 0;
    in += packed;
    total += size;
  }
}

int main(int count, char **arguments) {
  void *library = dlopen("liblzo2.so.2", RTLD_NOW);
  if (!library) return 2;
  unpack_function lzo = (unpack_function)dlsym(library, "lzo1x_decompress_safe");
  checksum_function adler = (checksum_function)dlsym(library, "lzo_adler32");
  FILE *file = count == 2 ? fopen(arguments[1], "rb") : NULL;
  if (!lzo || !adler || !file) return 1;
  fseek(file, 0, SEEK_END);
  size_t size = ftell(file);
  rewind(file);
  uint8_t *in = malloc(size);
  if (fread(in, 1, size, file) != size) return 1;
  // The header of a file that lzop was told the name of: behind the name is its checksum.
  const uint8_t *blocks = in + 34 + in[33] + 4;
  size_t total = 0;
  for (const uint8_t *block = blocks; word(block) != 0; block += 12 + word(block + 4)) {
    total += word(block);
  }

  struct timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  uint8_t *out = malloc(total);
  size_t found = unpack(blocks, out, lzo, adler);
  free(out);
  clock_gettime(CLOCK_MONOTONIC, &end);
  if (found != total) return 1;
  printf("%lld\n", (end.tv_sec - start.tv_sec) * 1000000000ll + end.tv_nsec - start.tv_nsec);
  return 0;
}
