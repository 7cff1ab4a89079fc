// SPDX-License-Identifier: Apache-2.0

/// The version of this package, by `CHANGELOG.md`.
package let packageVersion = "0.1.0"
