// SPDX-License-Identifier: Apache-2.0

public import Kexec

extension LoadJob {
  /// Reads the machine and makes a plan for kexec_load(2).
  ///
  /// - Throws: `KexecError` for what is missing, and for what no plan can be made of.
  public func plan() throws(KexecError) -> KexecPlan { try plan(gathered()) }

  /// Makes a plan of what ``gathered()`` returned.
  ///
  /// - Throws: `KexecError` that names its subject.
  public func plan(_ gathered: GatheredRequest) throws(KexecError) -> KexecPlan {
    do throws(KexecError) {
      return try unnamedPlan(gathered)
    } catch {
      throw error.naming(gathered.names)
    }
  }

  /// The same; a failure does not name its subject, which ``GatheredRequest/names`` does.
  package func unnamedPlan(_ gathered: GatheredRequest) throws(KexecError) -> KexecPlan {
    try KexecPlan(gathered.request, starting: kernel.image, kernel.bytes)
  }

  /// What kexec_file_load(2) cannot do, a sentence each; empty where it will do.
  public var planNeeds: [String] {
    let kinds: [(FileSet.Kind, String)] = [
      (.tree, "takes no tree"), (.overlay, "takes no overlay"),
      (.input(.coreHeader), "makes its own elfcorehdr"),
      (.input(.imaBuffer), "takes no IMA buffer"), (.extra, "takes no extras"),
    ]
    let ofFiles = kinds.compactMap { kind, reason in
      files.item(kind).map { "kexec_file_load \(reason): \($0.name)" }
    }
    let needs: [(Bool, String)] = [
      (options.tree != nil, "takes no tree: \(options.tree?.name ?? "")"),
      (options.treeOrigin != nil, "chooses the tree itself"),
      (!options.edits.isEmpty, "edits no tree"),
      (!options.reservations.isEmpty, "reserves nothing besides what is loaded"),
      (options.seeds != nil, "draws its own seeds"),
      (options.handsOnMeasurements, "hands over measurements only if the kernel is configured to"),
      (options.given != GivenFacts(), "takes no facts for the elfcorehdr"),
    ]
    return ofFiles
      + needs.compactMap { isNeeded, reason in
        isNeeded ? "kexec_file_load \(reason)" : nil
      }
  }

  /// The system call that loads it, and the reason for it.
  ///
  /// - Parameters:
  ///   - requested: the call that the caller wants; nil for the better one.
  ///   - status: what the machine lets a loader do.
  /// - Throws: `KexecError` where no call will do, and where the architecture is not known.
  public func choice(
    requested: SystemCall? = nil, on status: KexecStatus
  ) throws(KexecError) -> CallChoice {
    if let requested { return try CallChoice(requested: requested, planNeeds) }
    return try CallChoice(
      needs: planNeeds, for: architecture(), isPacked: kernel.isPacked, on: status)
  }
}
