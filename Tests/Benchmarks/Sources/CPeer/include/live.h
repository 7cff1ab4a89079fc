// SPDX-License-Identifier: Apache-2.0
#ifndef LIVE_H
#define LIVE_H

#include <stddef.h>

/// Makes a blob of a folder such as /proc/device-tree, in plain C: openat, getdents64, one read of every
/// file to its end, children and properties sorted by name, `name` left out.
///
/// With `checks`, all folders are listed again behind it, as dtfix does to know that nothing changed.
/// Allocates `*result`; returns its size, or -1.
long peer_live_tree(const char *folder, int checks, void **result);

#endif
