// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "memory.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

// MARK: - Core headers

static Elf64_Phdr note_header(struct peer_range range) {
  return (Elf64_Phdr){.p_type = PT_NOTE,
                      .p_offset = range.start,
                      .p_paddr = range.start,
                      .p_filesz = range.end - range.start,
                      .p_memsz = range.end - range.start};
}

static Elf64_Phdr load_header(struct peer_range range, uint64_t linear_map) {
  return (Elf64_Phdr){.p_type = PT_LOAD,
                      .p_flags = PF_R | PF_W | PF_X,
                      .p_offset = range.start,
                      .p_vaddr = range.start + linear_map,
                      .p_paddr = range.start,
                      .p_filesz = range.end - range.start,
                      .p_memsz = range.end - range.start};
}

int64_t peer_core_header(const struct peer_range *notes, size_t note_count,
                         const struct peer_range *memory, size_t memory_count, uint64_t linear_map,
                         size_t *count) {
  int64_t start = now();
  // One header is kept free for the mapping of the kernel.
  size_t size = sizeof(Elf64_Ehdr) + (note_count + memory_count + 1) * sizeof(Elf64_Phdr);
  size = (size + 4095) / 4096 * 4096;
  char *bytes = calloc(1, size);
  if (!bytes) return -1;
  Elf64_Ehdr *header = (Elf64_Ehdr *)bytes;
  memcpy(header->e_ident, ELFMAG, SELFMAG);
  header->e_ident[EI_CLASS] = ELFCLASS64;
  header->e_ident[EI_DATA] = ELFDATA2LSB;
  header->e_ident[EI_VERSION] = EV_CURRENT;
  header->e_type = ET_CORE;
  header->e_machine = EM_AARCH64;
  header->e_version = EV_CURRENT;
  header->e_phoff = sizeof(Elf64_Ehdr);
  header->e_ehsize = sizeof(Elf64_Ehdr);
  header->e_phentsize = sizeof(Elf64_Phdr);
  header->e_phnum = note_count + memory_count;

  Elf64_Phdr *entry = (Elf64_Phdr *)(bytes + sizeof(Elf64_Ehdr));
  for (size_t i = 0; i < note_count; i++) *entry++ = note_header(notes[i]);
  for (size_t i = 0; i < memory_count; i++) *entry++ = load_header(memory[i], linear_map);
  *count = size;
  __asm__ volatile("" : : "r"(bytes) : "memory");
  free(bytes);
  return now() - start;
}

// MARK: - Ranges

static int by_start(const void *one, const void *other) {
  uint64_t a = ((const struct peer_range *)one)->start;
  uint64_t b = ((const struct peer_range *)other)->start;
  return (a > b) - (a < b);
}

static struct peer_range *sorted(const struct peer_range *ranges, size_t count) {
  struct peer_range *copy = malloc(count * sizeof(*copy) + 1);
  if (!copy) return NULL;
  memcpy(copy, ranges, count * sizeof(*copy));
  qsort(copy, count, sizeof(*copy), by_start);
  return copy;
}

/// Both lists in rising order; the result has room for a piece more for every cut.
static size_t merge(const struct peer_range *ranges, size_t range_count,
                    const struct peer_range *cuts, size_t cut_count, struct peer_range *rest) {
  size_t made = 0, first = 0;
  for (size_t i = 0; i < range_count; i++) {
    uint64_t start = ranges[i].start, end = ranges[i].end;
    while (first < cut_count && cuts[first].end <= start) first++;
    for (size_t cut = first; cut < cut_count && cuts[cut].start < end; cut++) {
      if (cuts[cut].start > start) rest[made++] = (struct peer_range){start, cuts[cut].start};
      if (cuts[cut].end > start) start = cuts[cut].end;
    }
    if (start < end) rest[made++] = (struct peer_range){start, end};
  }
  return made;
}

int64_t peer_subtract(const struct peer_range *ranges, size_t range_count,
                      const struct peer_range *cuts, size_t cut_count, size_t *count) {
  int64_t start = now();
  struct peer_range *ordered = sorted(cuts, cut_count);
  struct peer_range *rest = malloc((range_count + cut_count) * sizeof(*rest));
  if (!ordered || !rest) return -1;
  *count = merge(ranges, range_count, ordered, cut_count, rest);
  __asm__ volatile("" : : "r"(rest) : "memory");
  free(rest);
  free(ordered);
  return now() - start;
}

int64_t peer_sort_and_subtract(const struct peer_range *ranges, size_t range_count,
                               const struct peer_range *cuts, size_t cut_count, size_t *count) {
  int64_t start = now(), time;
  struct peer_range *ordered = sorted(ranges, range_count);
  if (!ordered) return -1;
  time = peer_subtract(ordered, range_count, cuts, cut_count, count);
  free(ordered);
  return time < 0 ? time : now() - start;
}

/// Takes one cut out of a sorted list, which has room for one more.
static size_t exclude(struct peer_range *list, size_t count, struct peer_range cut) {
  for (size_t i = 0; i < count; i++) {
    struct peer_range *range = &list[i];
    if (cut.start >= range->end) continue;
    if (cut.end <= range->start) break;
    if (cut.start <= range->start && cut.end >= range->end) {
      memmove(range, range + 1, (count - i - 1) * sizeof(*range));
      count--;
      i--;
    } else if (cut.start > range->start && cut.end < range->end) {
      memmove(range + 1, range, (count - i) * sizeof(*range));
      count++;
      range[0].end = cut.start;
      range[1].start = cut.end;
      break;
    } else if (cut.start <= range->start) {
      range->start = cut.end;
    } else {
      range->end = cut.start;
    }
  }
  return count;
}

int64_t peer_exclude(const struct peer_range *ranges, size_t range_count,
                     const struct peer_range *cuts, size_t cut_count, size_t *count) {
  int64_t start = now();
  struct peer_range *list = malloc((range_count + cut_count) * sizeof(*list));
  if (!list) return -1;
  memcpy(list, ranges, range_count * sizeof(*list));
  for (size_t i = 0; i < cut_count; i++) range_count = exclude(list, range_count, cuts[i]);
  *count = range_count;
  __asm__ volatile("" : : "r"(list) : "memory");
  free(list);
  return now() - start;
}

// MARK: - /proc/iomem

struct entry {
  size_t level;
  uint64_t start, last_byte;
  char *name;
};

struct map {
  struct entry *entries;
  size_t count, room;
};

static int add(struct map *map, struct entry entry) {
  if (!entry.name) return -1;
  if (map->count == map->room) {
    size_t room = map->room ? map->room * 2 : 64;
    struct entry *entries = realloc(map->entries, room * sizeof(*entries));
    if (!entries) return -1;
    map->entries = entries;
    map->room = room;
  }
  map->entries[map->count++] = entry;
  return 0;
}

static void free_map(struct map *map) {
  for (size_t i = 0; i < map->count; i++) free(map->entries[i].name);
  free(map->entries);
}

/// `blanks start-last : name`, the newline at `end`; strtoull stops at what is no digit.
static int scan_line(const char *line, const char *end, struct entry *entry) {
  const char *place = line;
  while (*place == ' ') place++;
  entry->level = (place - line) / 2;
  char *next;
  errno = 0;
  entry->start = strtoull(place, &next, 16);
  if (next == place || *next != '-') return -1;
  place = next + 1;
  entry->last_byte = strtoull(place, &next, 16);
  if (next == place || errno || strncmp(next, " : ", 3) || entry->start > entry->last_byte)
    return -1;
  place = next + 3;
  entry->name = strndup(place, end - place);
  return 0;
}

static int scan_line_sscanf(const char *line, const char *end, struct entry *entry) {
  char copy[256], name[256];
  int blanks = 0;
  size_t length = end - line;
  if (length >= sizeof(copy)) return -1;
  memcpy(copy, line, length);
  copy[length] = 0;
  if (sscanf(copy, " %n%" SCNx64 "-%" SCNx64 " : %255[^\n]", &blanks, &entry->start,
             &entry->last_byte, name) != 3)
    return -1;
  entry->level = blanks / 2;
  entry->name = strdup(name);
  return entry->start > entry->last_byte ? -1 : 0;
}

static int64_t scan(const char *text, size_t size, size_t *count,
                    int (*line_scanner)(const char *, const char *, struct entry *)) {
  int64_t start = now();
  struct map map = {0};
  const char *end = text + size;
  while (text < end) {
    const char *newline = memchr(text, '\n', end - text);
    if (!newline) return -1;
    struct entry entry;
    if (line_scanner(text, newline, &entry) != 0 || add(&map, entry) != 0) return -1;
    text = newline + 1;
  }
  *count = map.count;
  free_map(&map);
  return now() - start;
}

int64_t peer_iomem(const char *text, size_t size, size_t *count) {
  return scan(text, size, count, scan_line);
}

int64_t peer_iomem_sscanf(const char *text, size_t size, size_t *count) {
  return scan(text, size, count, scan_line_sscanf);
}
