// SPDX-License-Identifier: Apache-2.0
#ifndef UNPACK_H
#define UNPACK_H

#include <stddef.h>
#include <stdint.h>

/// A stream unpacked into allocated memory of its size, which is freed: nanoseconds, or -1 when the
/// library fails or the size is another. Formats have the names of CompressionFormat.
int64_t peer_unpack(const char *format, const uint8_t *stream, size_t stream_size, size_t size);

#endif
