// SPDX-License-Identifier: Apache-2.0
#ifndef MEMORY_H
#define MEMORY_H

#include <stddef.h>
#include <stdint.h>

/// A half-open range of physical addresses; laid out as PhysicalRange is.
struct peer_range {
  uint64_t start, end;
};

/// A line of /proc/iomem; `name` is allocated.
struct peer_entry {
  size_t level;
  uint64_t start, last_byte;
  char *name;
};

/// The lines of /proc/iomem; zeros are an empty one.
struct peer_map {
  struct peer_entry *entries;
  size_t count, room;
};

/// Reads text that ends with a newline: strtoull and strndup, levels are the indents alone. 0 or -1.
int peer_read_map(const char *text, size_t size, struct peer_map *map);

void peer_free_map(struct peer_map *map);

/// What is left of ranges in rising order without cuts in rising order; `rest` has room for a piece
/// more for every cut. The number of ranges.
size_t peer_merge(const struct peer_range *ranges, size_t range_count,
                  const struct peer_range *cuts, size_t cut_count, struct peer_range *rest);

/// What the core header of an arm64 kernel tells; `text`, the kernel's own mapping, may be NULL. Maps
/// are what is added to a physical address.
struct peer_header {
  const struct peer_range *notes, *text, *memory;
  size_t note_count, memory_count;
  uint64_t text_map, linear_map;
};

/// The bytes of a core header (ELF64, little-endian host), allocated; NULL without memory.
char *peer_header_bytes(const struct peer_header *facts, size_t *size);

/// What `dtfix elfcorehdr --root ROOT` makes of a captured arm64 machine, in plain C.
///
/// Allocates `*result`; returns its size, or -1.
long peer_elfcorehdr(const char *root, void **result);

// Each function below returns the nanoseconds of one run, from its inputs to a result in allocated
// memory, and freeing that; or -1. `*count` is the number of items (bytes, ranges, lines) made.

/// The core header of arm64: notes, then one PT_LOAD a range.
int64_t peer_core_header(const struct peer_range *notes, size_t note_count,
                         const struct peer_range *memory, size_t memory_count, uint64_t linear_map,
                         size_t *count);

/// What is left of sorted ranges: the cuts sorted by qsort, then one merge.
int64_t peer_subtract(const struct peer_range *ranges, size_t range_count,
                      const struct peer_range *cuts, size_t cut_count, size_t *count);

/// The same from ranges in any order: both lists sorted by qsort.
int64_t peer_sort_and_subtract(const struct peer_range *ranges, size_t range_count,
                               const struct peer_range *cuts, size_t cut_count, size_t *count);

/// The same as Linux crash_exclude_mem_range does it: for every cut a walk over the list, which is
/// shifted where a range goes or is split.
int64_t peer_exclude(const struct peer_range *ranges, size_t range_count,
                     const struct peer_range *cuts, size_t cut_count, size_t *count);

/// The lines of /proc/iomem as an array of level, start, last byte and name: strtoull and strndup.
int64_t peer_iomem(const char *text, size_t size, size_t *count);

/// The same as kexec-tools reads them: sscanf on each line.
int64_t peer_iomem_sscanf(const char *text, size_t size, size_t *count);

#endif
