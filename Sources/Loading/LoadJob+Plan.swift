// SPDX-License-Identifier: Apache-2.0

public import Kexec

extension LoadJob {
  /// Asks the machine, and plans everything in user space, for kexec_load(2).
  ///
  /// - Throws: ``KexecError`` for what is missing, and for what no plan can be made of.
  public func plan() throws(KexecError) -> LoadPlan { try plan(gathered()) }

  /// Plans everything that ``gathered()`` gave.
  ///
  /// - Throws: ``KexecError``, which names its subject.
  public func plan(_ gathered: Gathered) throws(KexecError) -> LoadPlan {
    do throws(KexecError) {
      return try gathered.plan()
    } catch {
      throw error.naming(gathered.names)
    }
  }

  /// What kexec_file_load(2) has no way to do, a sentence each; nothing where it will do.
  public var planNeeds: [String] {
    let parts: [(FileSet.Kind, String)] = [
      (.tree, "takes no tree"), (.overlay, "takes no overlay"),
      (.coreHeader, "makes its own core header"),
      (.measurements, "takes no measurement list"), (.extra, "takes no extra parts"),
    ]
    let ofFiles = parts.compactMap { kind, reason in
      files.item(kind).map { "kexec_file_load \(reason): \($0.name)" }
    }
    let others: [(Bool, String)] = [
      (options.tree != nil, "takes no tree: \(options.tree?.name ?? "")"),
      (options.treeOrigin != nil, "chooses the tree itself"),
      (!options.edits.isEmpty, "edits no tree"),
      (!options.reservations.isEmpty, "reserves nothing besides what is loaded"),
      (options.seeds != nil, "draws its own seeds"),
      (options.handsOnMeasurements, "hands on measurements only as its kernel is configured"),
      (options.given != GivenFacts(), "knows the facts of a core header itself"),
    ]
    return ofFiles
      + others.compactMap { isNeeded, reason in
        isNeeded ? "kexec_file_load \(reason)" : nil
      }
  }

  /// Which system call loads it, and why that one.
  ///
  /// - Parameters:
  ///   - asked: the call that is asked for; nil for the better one.
  ///   - status: what the machine lets a loader do.
  /// - Throws: ``KexecError`` where no call will do, and where nothing tells the architecture.
  public func choice(
    asked: SystemCall? = nil, on status: KexecStatus
  ) throws(KexecError) -> CallChoice {
    try CallChoice(
      asked: asked, needs: planNeeds, for: architecture(), isPacked: kernel.isPacked, on: status)
  }
}

extension LoadJob.Gathered {
  /// Plans everything in user space, for kexec_load(2).
  ///
  /// - Throws: ``KexecError`` for what no plan can be made of; ``names`` has the names of its subjects.
  public func plan() throws(KexecError) -> LoadPlan {
    try LoadPlan(request, for: architecture, on: machine)
  }
}
