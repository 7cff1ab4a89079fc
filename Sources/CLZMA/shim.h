// SPDX-License-Identifier: Apache-2.0
#ifndef CLZMA_SHIM_H
#define CLZMA_SHIM_H

#include <lzma.h>

/// A macro with a cast, which Swift does not import.
static inline uint32_t clzma_tell_unsupported_check(void) { return LZMA_TELL_UNSUPPORTED_CHECK; }

#endif
