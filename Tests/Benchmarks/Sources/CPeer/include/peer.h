// SPDX-License-Identifier: Apache-2.0
#ifndef PEER_H
#define PEER_H

#include <stddef.h>
#include <stdint.h>

/// What `dtfix --for-kexec` does to a tree, in plain C: the same libfdt calls, one by one.
///
/// Allocates `*result`; returns its size, or a negated libfdt error.
long peer_patch(const void *blob, size_t size, const char *command_line, uint64_t initrd,
                uint64_t initrd_size, const uint8_t *seeds, void **result);

/// The edits alone, without the two full checks.
long peer_edit(const void *blob, const char *command_line, uint64_t initrd, uint64_t initrd_size,
               const uint8_t *seeds, void **result);

/// A run of peer_patch or peer_edit that frees its result; nanoseconds, or negative.
int64_t peer_time(int with_checks, const void *blob, size_t size, const char *command_line,
                  uint64_t initrd, uint64_t initrd_size, const uint8_t *seeds);

#endif
