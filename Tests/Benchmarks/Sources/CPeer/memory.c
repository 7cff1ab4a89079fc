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

char *peer_header_bytes(const struct peer_header *facts, size_t *size) {
  // One header is kept free for the mapping of the kernel where there is none.
  size_t count = facts->note_count + facts->memory_count + (facts->text != NULL);
  *size = sizeof(Elf64_Ehdr) + (count + (facts->text == NULL)) * sizeof(Elf64_Phdr);
  *size = (*size + 4095) / 4096 * 4096;
  char *bytes = calloc(1, *size);
  if (!bytes) return NULL;
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
  header->e_phnum = count;

  Elf64_Phdr *entry = (Elf64_Phdr *)(bytes + sizeof(Elf64_Ehdr));
  for (size_t i = 0; i < facts->note_count; i++) *entry++ = note_header(facts->notes[i]);
  if (facts->text) *entry++ = load_header(*facts->text, facts->text_map);
  for (size_t i = 0; i < facts->memory_count; i++)
    *entry++ = load_header(facts->memory[i], facts->linear_map);
  return bytes;
}

int64_t peer_core_header(const struct peer_range *notes, size_t note_count,
                         const struct peer_range *memory, size_t memory_count, uint64_t linear_map,
                         size_t *count) {
  int64_t start = now();
  struct peer_header facts = {.notes = notes,
                              .note_count = note_count,
                              .memory = memory,
                              .memory_count = memory_count,
                              .linear_map = linear_map};
  char *bytes = peer_header_bytes(&facts, count);
  if (!bytes) return -1;
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

size_t peer_merge(const struct peer_range *ranges, size_t range_count,
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
  *count = peer_merge(ranges, range_count, ordered, cut_count, rest);
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

static int add(struct peer_map *map, struct peer_entry entry) {
  if (!entry.name) return -1;
  if (map->count == map->room) {
    size_t room = map->room ? map->room * 2 : 64;
    struct peer_entry *entries = realloc(map->entries, room * sizeof(*entries));
    if (!entries) return -1;
    map->entries = entries;
    map->room = room;
  }
  map->entries[map->count++] = entry;
  return 0;
}

void peer_free_map(struct peer_map *map) {
  for (size_t i = 0; i < map->count; i++) free(map->entries[i].name);
  free(map->entries);
}

/// `blanks start-last : name`, the newline at `end`; strtoull stops at what is no digit.
static int scan_line(const char *line, const char *end, struct peer_entry *entry) {
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

static int scan_line_sscanf(const char *line, const char *end, struct peer_entry *entry) {
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

static int read_map(const char *text, size_t size, struct peer_map *map,
                    int (*line_scanner)(const char *, const char *, struct peer_entry *)) {
  const char *end = text + size;
  while (text < end) {
    const char *newline = memchr(text, '\n', end - text);
    if (!newline) return -1;
    struct peer_entry entry;
    if (line_scanner(text, newline, &entry) != 0 || add(map, entry) != 0) return -1;
    text = newline + 1;
  }
  return 0;
}

int peer_read_map(const char *text, size_t size, struct peer_map *map) {
  return read_map(text, size, map, scan_line);
}

static int64_t scan(const char *text, size_t size, size_t *count,
                    int (*line_scanner)(const char *, const char *, struct peer_entry *)) {
  int64_t start = now();
  struct peer_map map = {0};
  if (read_map(text, size, &map, line_scanner) != 0) return -1;
  *count = map.count;
  peer_free_map(&map);
  return now() - start;
}

int64_t peer_iomem(const char *text, size_t size, size_t *count) {
  return scan(text, size, count, scan_line);
}

int64_t peer_iomem_sscanf(const char *text, size_t size, size_t *count) {
  return scan(text, size, count, scan_line_sscanf);
}
