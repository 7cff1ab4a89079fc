/* SPDX-License-Identifier: Apache-2.0 */
/* The header stands alone; the functions are in Sources/DTFixABI. */
#include "dtfix.h"
