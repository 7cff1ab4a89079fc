// SPDX-License-Identifier: Apache-2.0
#ifndef CLIBFDT_SHIM_H
#define CLIBFDT_SHIM_H

#include <libfdt.h>

/// fdt_set_boot_cpuid_phys() and the getters are function-like macros or `static inline` functions
/// made by macros, which Swift does not import.
static inline uint32_t clibfdt_boot_cpuid_phys(const void *fdt) {
  return fdt_boot_cpuid_phys(fdt);
}
static inline void clibfdt_set_boot_cpuid_phys(void *fdt, uint32_t cpu) {
  fdt_set_boot_cpuid_phys(fdt, cpu);
}

static inline uint32_t clibfdt_structure_offset(const void *fdt) {
  return fdt_off_dt_struct(fdt);
}
static inline uint32_t clibfdt_structure_size(const void *fdt) {
  return fdt_size_dt_struct(fdt);
}

/// The bytes of a packed blob whose blocks are in order: up to the end of the strings.
static inline uint32_t clibfdt_data_size(const void *fdt) {
  return fdt_off_dt_strings(fdt) + fdt_size_dt_strings(fdt);
}

#endif
