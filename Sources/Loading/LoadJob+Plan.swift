// SPDX-License-Identifier: Apache-2.0

public import Kexec

extension LoadJob {
  /// Asks the machine, and plans everything in user space, for kexec_load(2).
  ///
  /// - Throws: `KexecError` for what is missing, and for what no plan can be made of.
  public func plan() throws(KexecError) -> KexecPlan { try plan(gathered()) }

  /// Plans everything that ``gathered()`` gave.
  ///
  /// - Throws: `KexecError`, which names its subject.
  public func plan(_ gathered: GatheredRequest) throws(KexecError) -> KexecPlan {
    do throws(KexecError) {
      return try unnamedPlan(gathered)
    } catch {
      throw error.naming(gathered.names)
    }
  }

  /// The same; of a failure, ``GatheredRequest/names`` has the name of its subject.
  package func unnamedPlan(_ gathered: GatheredRequest) throws(KexecError) -> KexecPlan {
    try KexecPlan(gathered.request, starting: kernel.image, kernel.bytes)
  }

  /// What kexec_file_load(2) has no way to do, a sentence each; nothing where it will do.
  public var planNeeds: [String] {
    let parts: [(FileSet.Kind, String)] = [
      (.tree, "takes no tree"), (.overlay, "takes no overlay"),
      (.input(.coreHeader), "makes its own core header"),
      (.input(.imaBuffer), "takes no measurement list"), (.extra, "takes no extra parts"),
    ]
    let ofFiles = parts.compactMap { kind, reason in
      files.item(kind).map { "kexec_file_load \(reason): \($0.name)" }
    }
    let rest: [(Bool, String)] = [
      (options.tree != nil, "takes no tree: \(options.tree?.name ?? "")"),
      (options.treeOrigin != nil, "chooses the tree itself"),
      (!options.edits.isEmpty, "edits no tree"),
      (!options.reservations.isEmpty, "reserves nothing besides what is loaded"),
      (options.seeds != nil, "draws its own seeds"),
      (options.handsOnMeasurements, "hands on measurements only as its kernel is configured"),
      (options.given != GivenFacts(), "knows the facts of a core header itself"),
    ]
    return ofFiles
      + rest.compactMap { isNeeded, reason in
        isNeeded ? "kexec_file_load \(reason)" : nil
      }
  }

  /// Which system call loads it, and why that one.
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
