// SPDX-License-Identifier: Apache-2.0

@_exported import KexecCheck
@_exported import KexecFacts
@_exported import KexecMerge
@_exported import KexecPlan
@_exported import KexecRules
@_exported import KexecTree
