// SPDX-License-Identifier: Apache-2.0

import CDTFix

/// Documented in `dtfix.h`.
@_cdecl("dtfix_abi_version")
public func dtfix_abi_version() -> UInt32 { UInt32(DTFIX_ABI_VERSION) }
