// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "live.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
  uint8_t *bytes;
  size_t size, room;
} Buffer;

typedef struct {
  char *name;
  int is_folder;
  uint8_t *value;
  size_t size;
} Entry;

typedef struct {
  Buffer structure, strings, file;
  uint32_t *table;  // Offsets of names, plus one, by their hashes.
  size_t table_size, name_count;
  uint64_t listing, second_listing;
} Live;

static void append(Buffer *buffer, const void *bytes, size_t size) {
  if (buffer->size + size > buffer->room) {
    buffer->room = 2 * (buffer->size + size) + 4096;
    buffer->bytes = realloc(buffer->bytes, buffer->room);
  }
  if (size) memcpy(buffer->bytes + buffer->size, bytes, size);
  buffer->size += size;
}

static void word(Buffer *buffer, uint32_t value) {
  value = htonl(value);
  append(buffer, &value, 4);
}

static void pad(Buffer *buffer) { append(buffer, "\0\0\0", -buffer->size & 3); }

static uint64_t hash(uint64_t hash, const void *bytes, size_t size) {
  for (size_t i = 0; i < size; i++) hash = (hash ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3u;
  return hash;
}

static uint32_t name_offset(Live *live, const char *name) {
  size_t size = strlen(name) + 1;
  if (2 * live->name_count >= live->table_size) {
    size_t old = live->table_size;
    uint32_t *names = live->table;
    live->table_size = old ? 4 * old : 256;
    live->table = calloc(live->table_size, 4);
    for (size_t i = 0; i < old; i++) {
      if (!names[i]) continue;
      const char *known = (char *)live->strings.bytes + names[i] - 1;
      size_t slot = hash(0xcbf29ce484222325u, known, strlen(known) + 1);
      while (live->table[slot % live->table_size]) slot++;
      live->table[slot % live->table_size] = names[i];
    }
    free(names);
  }
  size_t slot = hash(0xcbf29ce484222325u, name, size);
  for (;; slot++) {
    uint32_t *entry = &live->table[slot % live->table_size];
    if (*entry && strcmp((char *)live->strings.bytes + *entry - 1, name)) continue;
    if (!*entry) {
      *entry = live->strings.size + 1;
      live->name_count++;
      append(&live->strings, name, size);
    }
    return *entry - 1;
  }
}

static int by_name(const void *one, const void *other) {
  return strcmp(((const Entry *)one)->name, ((const Entry *)other)->name);
}

struct entry64 {
  uint64_t number;
  int64_t next;
  uint16_t size;
  uint8_t type;
  char name[];
};

/// The folders and regular files of an open folder.
static Entry *list(int folder, size_t *count, uint64_t *listing) {
  static __thread uint64_t buffer[4096];
  Entry *entries = NULL;
  size_t room = 0;
  ssize_t size;
  *count = 0;
  while ((size = getdents64(folder, buffer, sizeof buffer)) > 0) {
    for (ssize_t at = 0; at < size;) {
      struct entry64 *entry = (void *)((char *)buffer + at);
      at += entry->size;
      if (!strcmp(entry->name, ".") || !strcmp(entry->name, "..")) continue;
      if (entry->type != DT_DIR && entry->type != DT_REG) continue;
      *listing = hash(*listing, entry->name, strlen(entry->name));
      *listing = hash(*listing, &entry->number, 8);
      if (*count == room) entries = realloc(entries, (room = 2 * room + 8) * sizeof *entries);
      entries[*count] = (Entry){strdup(entry->name), entry->type == DT_DIR, NULL, 0};
      ++*count;
    }
  }
  return entries;
}

static void discard(Entry *entries, size_t count) {
  for (size_t i = 0; i < count; i++) {
    free(entries[i].name);
    free(entries[i].value);
  }
  free(entries);
}

static int read_file(Live *live, int folder, Entry *entry) {
  int file = openat(folder, entry->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) return -1;
  ssize_t count;
  entry->size = 0;
  for (;;) {
    if (entry->size == live->file.room) {
      live->file.room = live->file.room ? 4 * live->file.room : 65536;
      live->file.bytes = realloc(live->file.bytes, live->file.room);
    }
    count = read(file, live->file.bytes + entry->size, live->file.room - entry->size);
    if (count <= 0) break;
    entry->size += count;
  }
  close(file);
  entry->value = malloc(entry->size + 1);
  memcpy(entry->value, live->file.bytes, entry->size);
  return count < 0 ? -1 : 0;
}

static int node(Live *live, int folder, const char *name, int level) {
  size_t count, base = strcspn(name, "@");
  int result = 0;
  Entry *entries = list(folder, &count, &live->listing);
  for (size_t i = 0; i < count && !result; i++)
    if (!entries[i].is_folder) result = read_file(live, folder, &entries[i]);
  if (count) qsort(entries, count, sizeof *entries, by_name);

  word(&live->structure, 1);
  append(&live->structure, name, strlen(name) + 1);
  pad(&live->structure);
  for (size_t i = 0; i < count; i++) {
    Entry *entry = &entries[i];
    if (entry->is_folder) continue;
    if (!strcmp(entry->name, "name") && entry->size == base + 1 &&
        !memcmp(entry->value, name, base) && !entry->value[base])
      continue;
    word(&live->structure, 3);
    word(&live->structure, entry->size);
    word(&live->structure, name_offset(live, entry->name));
    append(&live->structure, entry->value, entry->size);
    pad(&live->structure);
  }
  for (size_t i = 0; i < count && !result && level < 63; i++) {
    if (!entries[i].is_folder) continue;
    int child = openat(folder, entries[i].name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    result = child < 0 ? -1 : node(live, child, entries[i].name, level + 1);
    if (child >= 0) close(child);
  }
  word(&live->structure, 2);
  discard(entries, count);
  return result;
}

static void list_again(Live *live, int folder) {
  size_t count;
  Entry *entries = list(folder, &count, &live->second_listing);
  if (count) qsort(entries, count, sizeof *entries, by_name);
  for (size_t i = 0; i < count; i++) {
    if (!entries[i].is_folder) continue;
    int child = openat(folder, entries[i].name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (child < 0) continue;
    list_again(live, child);
    close(child);
  }
  discard(entries, count);
}

long peer_live_tree(const char *path, int checks, void **result) {
  Live live = {0};
  Buffer blob = {0};
  int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return -1;
  int failed = node(&live, folder, "", 1);
  if (checks && !failed) {
    lseek(folder, 0, SEEK_SET);
    list_again(&live, folder);
    failed = live.listing != live.second_listing;
  }
  close(folder);
  word(&live.structure, 9);
  uint32_t sizes[] = {0xd00dfeed, 56 + live.structure.size + live.strings.size, 56,
                      56 + live.structure.size, 40, 17, 16, 0, live.strings.size, live.structure.size};
  for (size_t i = 0; i < 10; i++) word(&blob, sizes[i]);
  append(&blob, (char[16]){0}, 16);
  append(&blob, live.structure.bytes, live.structure.size);
  append(&blob, live.strings.bytes, live.strings.size);
  free(live.structure.bytes);
  free(live.strings.bytes);
  free(live.file.bytes);
  free(live.table);
  *result = blob.bytes;
  return failed ? -1 : (long)blob.size;
}
