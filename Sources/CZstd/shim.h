// SPDX-License-Identifier: Apache-2.0
#ifndef CZSTD_SHIM_H
#define CZSTD_SHIM_H

#include <zstd.h>
#include <zstd_errors.h>

/// ZSTD_d_stableOutBuffer, by the name that does not need ZSTD_STATIC_LINKING_ONLY: the whole output
/// stays where it is, so the decoder looks back into that and needs no window of its own.
static inline size_t czstd_keep_output(ZSTD_DCtx *context) {
  return ZSTD_DCtx_setParameter(context, ZSTD_d_experimentalParam2, 1);
}

#endif
