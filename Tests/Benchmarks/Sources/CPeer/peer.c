// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "peer.h"

#include <libfdt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int delete_property(void *fdt, int node, const char *name) {
  int result = fdt_delprop(fdt, node, name);
  return result == -FDT_ERR_NOTFOUND ? 0 : result;
}

static int delete_reservation(void *fdt, uint64_t address, uint64_t size) {
  for (int i = 0; i < fdt_num_mem_rsv(fdt); i++) {
    uint64_t start, length;
    if (fdt_get_mem_rsv(fdt, i, &start, &length) == 0 && start == address && length == size)
      return fdt_del_mem_rsv(fdt, i);
  }
  return 0;
}

static uint64_t read_number(const void *value, int size) {
  const fdt32_t *cells = value;
  uint64_t number = 0;
  for (int i = 0; i < size / 4; i++) number = number << 32 | fdt32_to_cpu(cells[i]);
  return number;
}

static int edit(void *fdt, const char *command_line, uint64_t initrd, uint64_t initrd_size,
                const uint8_t *seeds) {
  static const char *const stale[] = {
      "linux,elfcorehdr",        "linux,usable-memory-range",
      "linux,ima-kexec-buffer",  "linux,dmcryptkeys",
      "linux,kho-fdt",           "linux,kho-scratch",
      "linux,kexec-handover-buffer-start", "linux,kexec-handover-buffer-end"};
  int error, size;
  if (fdt_address_cells(fdt, 0) < 1 || fdt_size_cells(fdt, 0) < 1) return -FDT_ERR_BADNCELLS;
  int chosen = fdt_path_offset(fdt, "/chosen");
  if (chosen == -FDT_ERR_NOTFOUND) chosen = fdt_add_subnode(fdt, 0, "chosen");
  if (chosen < 0) return chosen;
  for (size_t i = 0; i < sizeof(stale) / sizeof(*stale); i++)
    if ((error = delete_property(fdt, chosen, stale[i])) != 0) return error;

  const void *value = fdt_getprop(fdt, chosen, "linux,initrd-start", &size);
  if (value) {
    uint64_t start = read_number(value, size);
    value = fdt_getprop(fdt, chosen, "linux,initrd-end", &size);
    if (!value) return -FDT_ERR_NOTFOUND;
    if ((error = delete_reservation(fdt, start, read_number(value, size) - start)) != 0) return error;
    chosen = fdt_path_offset(fdt, "/chosen");
  }
  if ((error = fdt_setprop_u64(fdt, chosen, "linux,initrd-start", initrd)) != 0) return error;
  if ((error = fdt_setprop_u64(fdt, chosen, "linux,initrd-end", initrd + initrd_size)) != 0)
    return error;
  if ((error = fdt_setprop_string(fdt, chosen, "bootargs", command_line)) != 0) return error;
  if ((error = fdt_setprop(fdt, chosen, "kaslr-seed", seeds, 8)) != 0) return error;
  if ((error = fdt_setprop(fdt, chosen, "rng-seed", seeds, 128)) != 0) return error;
  if ((error = fdt_setprop_empty(fdt, chosen, "linux,booted-from-kexec")) != 0) return error;
  return fdt_add_mem_rsv(fdt, initrd, initrd_size);
}

long peer_edit(const void *blob, const char *command_line, uint64_t initrd, uint64_t initrd_size,
               const uint8_t *seeds, void **result) {
  size_t size = fdt_totalsize(blob) + strlen(command_line) + 4096;
  void *fdt = malloc(size);
  int error = fdt_open_into(blob, fdt, (int)size);
  if (error == 0) error = edit(fdt, command_line, initrd, initrd_size, seeds);
  if (error == 0) error = fdt_pack(fdt);
  *result = fdt;
  return error != 0 ? error : (long)fdt_totalsize(fdt);
}

long peer_patch(const void *blob, size_t size, const char *command_line, uint64_t initrd,
                uint64_t initrd_size, const uint8_t *seeds, void **result) {
  int error = fdt_check_full(blob, size);
  if (error != 0) return error;
  long made = peer_edit(blob, command_line, initrd, initrd_size, seeds, result);
  if (made > 0 && (error = fdt_check_full(*result, (size_t)made)) != 0) return error;
  return made;
}

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

int64_t peer_time(int with_checks, const void *blob, size_t size, const char *command_line,
                  uint64_t initrd, uint64_t initrd_size, const uint8_t *seeds) {
  void *result = NULL;
  int64_t start = now();
  long made = with_checks
                  ? peer_patch(blob, size, command_line, initrd, initrd_size, seeds, &result)
                  : peer_edit(blob, command_line, initrd, initrd_size, seeds, &result);
  free(result);
  return made > 0 ? now() - start : -1;
}
