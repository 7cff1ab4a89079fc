// SPDX-License-Identifier: Apache-2.0

#include <elf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

enum { most_notes = 1024, most_cuts = 16 };

/// The facts of a machine, as its files tell them.
struct machine {
  struct peer_range notes[most_notes], cuts[most_cuts], kernel, *ram;
  size_t note_count, cut_count, ram_count;
  uint64_t text_map, linear_map;
};

static FILE *open_file(const char *root, const char *name) {
  char path[4096];
  snprintf(path, sizeof(path), "%s/%s", root, name);
  return fopen(path, "rb");
}

static char *read_file(const char *root, const char *name, size_t *size) {
  FILE *file = open_file(root, name);
  if (!file) return NULL;
  char *bytes = NULL;
  size_t room = 1 << 15;
  *size = 0;
  do {
    char *more = realloc(bytes, room *= 2);
    if (!more) return NULL;
    bytes = more;
    *size += fread(bytes + *size, 1, room - *size, file);
  } while (*size == room);
  fclose(file);
  return bytes;
}

static int is(const struct peer_entry *entry, const char *name) {
  return strcmp(entry->name, name) == 0;
}

/// Takes RAM at every level, and the last of each name of the kernel: right where there is one of each.
static int read_memory(const char *root, struct machine *machine) {
  size_t size;
  char *text = read_file(root, "proc/iomem", &size);
  struct peer_map map = {0};
  if (!text || peer_read_map(text, size, &map) != 0) return -1;
  free(text);
  machine->ram = malloc((map.count + most_cuts) * sizeof(*machine->ram));
  if (!machine->ram) return -1;
  for (size_t i = 0; i < map.count; i++) {
    const struct peer_entry *entry = &map.entries[i];
    struct peer_range range = {entry->start, entry->last_byte + 1};
    if (is(entry, "System RAM")) machine->ram[machine->ram_count++] = range;
    if (is(entry, "Crash kernel") && machine->cut_count < most_cuts)
      machine->cuts[machine->cut_count++] = range;
    if (is(entry, "Kernel code")) machine->kernel = range;
    if (is(entry, "Kernel data")) machine->kernel.end = range.end;
  }
  peer_free_map(&map);
  return 0;
}

static int read_notes(const char *root, struct machine *machine) {
  uint64_t start, size;
  while (machine->note_count < most_notes - 1) {
    char name[64];
    snprintf(name, sizeof(name), "sys/devices/system/cpu/cpu%zu/crash_notes", machine->note_count);
    FILE *file = open_file(root, name);
    if (!file) break;
    int found = fscanf(file, "%" SCNx64, &start);
    fclose(file);
    file = open_file(root, strcat(name, "_size"));
    if (found != 1 || !file || fscanf(file, "%" SCNu64, &size) != 1) return -1;
    fclose(file);
    machine->notes[machine->note_count++] = (struct peer_range){start, start + size};
  }
  FILE *file = open_file(root, "sys/kernel/vmcoreinfo");
  if (!file || fscanf(file, "%" SCNx64 " %" SCNx64, &start, &size) != 2) return -1;
  fclose(file);
  machine->notes[machine->note_count++] = (struct peer_range){start, start + size};
  return 0;
}

static int read_maps(const char *root, struct machine *machine) {
  FILE *file = open_file(root, "proc/kcore");
  Elf64_Ehdr header;
  if (!file || fread(&header, sizeof(header), 1, file) != 1) return -1;
  fseek(file, (long)header.e_phoff, SEEK_SET);
  for (size_t i = 0; i < header.e_phnum; i++) {
    Elf64_Phdr segment;
    if (fread(&segment, sizeof(segment), 1, file) != 1) return -1;
    if (segment.p_type != PT_LOAD || segment.p_paddr == UINT64_MAX) continue;
    uint64_t map = segment.p_vaddr - segment.p_paddr;
    *(segment.p_paddr == machine->kernel.start ? &machine->text_map : &machine->linear_map) = map;
  }
  fclose(file);
  return 0;
}

long peer_elfcorehdr(const char *root, void **result) {
  static struct machine machine;
  if (read_memory(root, &machine) != 0 || read_notes(root, &machine) != 0 ||
      read_maps(root, &machine) != 0)
    return -1;
  struct peer_range *rest = malloc((machine.ram_count + machine.cut_count) * sizeof(*rest));
  if (!rest) return -1;
  struct peer_header facts = {
      .notes = machine.notes,
      .note_count = machine.note_count,
      .text = &machine.kernel,
      .text_map = machine.text_map,
      .memory = rest,
      .memory_count =
          peer_merge(machine.ram, machine.ram_count, machine.cuts, machine.cut_count, rest),
      .linear_map = machine.linear_map,
  };
  size_t size;
  *result = peer_header_bytes(&facts, &size);
  return *result ? (long)size : -1;
}
