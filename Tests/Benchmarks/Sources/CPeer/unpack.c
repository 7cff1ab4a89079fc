// SPDX-License-Identifier: Apache-2.0
// Plain C against zlib, libzstd, liblzma and liblz4: each library's shortest way to a known size.
#include "unpack.h"

#include <lz4.h>
#include <lz4frame.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>
#include <zstd.h>

static size_t unpack_gzip(const uint8_t *in, size_t in_size, uint8_t *out, size_t size) {
  z_stream stream = {.next_in = (uint8_t *)in, .avail_in = in_size, .next_out = out, .avail_out = size};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) return 0;
  int result = inflate(&stream, Z_FINISH);
  inflateEnd(&stream);
  return result == Z_STREAM_END ? stream.total_out : 0;
}

static size_t unpack_zstd(const uint8_t *in, size_t in_size, uint8_t *out, size_t size) {
  return ZSTD_decompress(out, size, in, in_size);
}

static size_t unpack_lzma(int is_xz, const uint8_t *in, size_t in_size, uint8_t *out, size_t size) {
  lzma_stream stream = LZMA_STREAM_INIT;
  lzma_ret result = is_xz ? lzma_stream_decoder(&stream, 192 << 20, 0)
                          : lzma_alone_decoder(&stream, 192 << 20);
  if (result != LZMA_OK) return 0;
  stream.next_in = in;
  stream.avail_in = in_size;
  stream.next_out = out;
  stream.avail_out = size;
  result = lzma_code(&stream, LZMA_FINISH);
  size_t total = stream.total_out;
  lzma_end(&stream);
  return result == LZMA_STREAM_END ? total : 0;
}

static size_t unpack_lz4(const uint8_t *in, size_t in_size, uint8_t *out, size_t size) {
  LZ4F_dctx *context;
  LZ4F_decompressOptions_t options = {.stableDst = 1};
  if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION))) return 0;
  size_t result = LZ4F_decompress(context, out, &size, in, &in_size, &options);
  LZ4F_freeDecompressionContext(context);
  return result == 0 ? size : 0;
}

static size_t unpack_lz4_legacy(const uint8_t *in, size_t in_size, uint8_t *out, size_t size) {
  size_t total = 0;
  for (size_t place = 4; place + 4 <= in_size;) {
    uint32_t chunk;
    memcpy(&chunk, in + place, 4);
    place += 4;
    if (chunk > in_size - place) return 0;
    size_t room = size - total < 8 << 20 ? size - total : 8 << 20;
    int result = LZ4_decompress_safe((const char *)in + place, (char *)out + total, chunk, room);
    if (result < 0) return 0;
    total += result;
    place += chunk;
  }
  return total;
}

static size_t unpack(const char *format, const uint8_t *in, size_t in_size, uint8_t *out, size_t size) {
  if (!strcmp(format, "gzip")) return unpack_gzip(in, in_size, out, size);
  if (!strcmp(format, "zstd")) return unpack_zstd(in, in_size, out, size);
  if (!strcmp(format, "xz")) return unpack_lzma(1, in, in_size, out, size);
  if (!strcmp(format, "lzma")) return unpack_lzma(0, in, in_size, out, size);
  if (!strcmp(format, "lz4")) return unpack_lz4(in, in_size, out, size);
  if (!strcmp(format, "lz4Legacy")) return unpack_lz4_legacy(in, in_size, out, size);
  return 0;
}

int64_t peer_unpack(const char *format, const uint8_t *stream, size_t stream_size, size_t size) {
  struct timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  uint8_t *out = malloc(size);
  size_t found = out ? unpack(format, stream, stream_size, out, size) : 0;
  free(out);
  clock_gettime(CLOCK_MONOTONIC, &end);
  if (found != size) return -1;
  return (end.tv_sec - start.tv_sec) * 1000000000ll + end.tv_nsec - start.tv_nsec;
}
