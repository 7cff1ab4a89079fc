// SPDX-License-Identifier: Apache-2.0

public import Kexec

extension LoadJob {
  /// Asks the machine, and plans everything in user space, for kexec_load(2).
  ///
  /// - Throws: ``LoadingError`` for what is missing, and for what no plan can be made of.
  public func plan() throws(LoadingError) -> LoadPlan { try gathered().plan() }

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
  /// - Throws: ``LoadingError`` where no call will do, and where nothing tells the architecture.
  public func choice(
    asked: SystemCall? = nil, on status: KexecStatus
  ) throws(LoadingError) -> CallChoice {
    try CallChoice(
      asked: asked, needs: planNeeds, for: architecture(), isPacked: kernel.isPacked, on: status)
  }
}

extension LoadJob.Gathered {
  /// Plans everything in user space, for kexec_load(2).
  ///
  /// - Throws: ``LoadingError`` for what no plan can be made of.
  public func plan() throws(LoadingError) -> LoadPlan {
    do throws(PlanError) {
      return try LoadPlan(request, for: architecture, on: machine)
    } catch {
      throw LoadingError(error, names)
    }
  }
}

extension LoadingError {
  /// A plan that cannot be made.
  fileprivate init(_ error: PlanError, _ names: LoadJob.Names) {
    switch error {
    case .edit, .notReserved, .editUndone, .seedSize:
      self.init(.usage, "\(names.tree): \(error)")
    case .commandLineTooLong, .commandLineHasNUL, .coreHeaderOnCommandLine, .handoverOnCommandLine:
      self.init(.usage, "\(names.commandLine): \(error)")
    case .overlay(let name, _): self.init(.malformedInput, "\(name): \(error)")
    case .otherKernel, .addressTooHigh: self.init(.malformedInput, "\(names.kernel): \(error)")
    case .notAccepted: self.init(.malformedInput, "the plan: \(error)")
    case .badPart(.extra, _, _): self.init(.usage, "\(error)")
    case .badPart: self.init(.malformedInput, "\(error)")
    case .noRoom, .noCrashRegion, .notMerged: self.init(.notOffered, "\(error)")
    case .missing, .unsupported, .noTree, .usableMemoryCount, .usableMemoryOrder:
      self.init(.notOffered, "\(names.machine ?? names.tree): \(error)")
    case .contradiction, .tooManySegments, .badNote, .overlappingMemory:
      self.init(.malformedInput, "\(names.machine ?? names.tree): \(error)")
    case .conflict(let conflict):
      self.init(.malformedInput, "\(names.tree): \(conflict)\n\(conflict.advice)")
    case .machineTree: self.init(.malformedInput, "\(error)")
    default: self.init(.malformedInput, "\(names.tree): \(error)")
    }
  }
}
