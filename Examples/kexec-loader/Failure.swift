// SPDX-License-Identifier: Apache-2.0

import Kexec

/// Why the program did not do what it was asked for: one line, and at most one of what to do; exit codes of
/// `sysexits.h`.
typealias Failure = KexecError
