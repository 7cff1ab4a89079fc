// SPDX-License-Identifier: Apache-2.0

import Files
import Kexec
import PhysicalMemory
import Reports
import RunningKernel
import SystemPackage

/// A folder that holds a plan: its manifest, a file for each segment, and `plan.json`.
struct PlanFolder {
  private let path: FilePath

  init(_ path: String) {
    self.path = FilePath(path)
  }

  /// Whether a path is that of a folder.
  static func exists(_ path: String) -> Bool { FileStatus(path)?.isFolder == true }

  /// Whether a path is that of a folder with a manifest in it.
  static func isPlan(_ path: String) -> Bool {
    exists(path) && FileStatus(path + "/" + PlanManifest.fileName) != nil
  }

  /// Refuses to overwrite anything but a plan, before any work is done.
  func checkIsReplaceable() throws(Failure) {
    guard !path.isEmpty else { throw Failure(.usage, "-o is the name of a folder, not empty") }
    guard let status = FileStatus(path.string) else { return }
    let names = path.fileNames
    guard status.isFolder, let own = names.isEmpty ? [] : try? namesOfPlan() else {
      throw Failure(.cannotCreate, "\(path): exists and is not a plan folder")
    }
    guard let foreign = names.first(where: { !own.contains($0) }) else { return }
    throw Failure(.cannotCreate, "\(path): contains \(foreign), which is not a file of the plan")
  }

  /// The names of a plan's files.
  private func namesOfPlan() throws(Failure) -> Set<String> {
    Set(try manifest().segments.map(\.file)).union([PlanManifest.fileName, "plan.json"])
  }

  /// Writes the whole plan or leaves no trace of it; only its owner may read it, for the tree contains seeds.
  func write(_ plan: KexecPlan) throws(Failure) {
    let manifest = PlanManifest(plan)
    var items: [FolderItem] = zip(plan.segments, manifest.segments).map { ($1.file, $0.bytes) }
    items.append(("plan.json", Array("\(plan.json)\n".utf8)))
    items.append((PlanManifest.fileName, Array(manifest.text.utf8)))
    try writing { () throws(WriteError) in try writeFolder(path, items, replacesFiles: true) }
  }

  /// Reads a plan's manifest.
  func manifest() throws(Failure) -> PlanManifest {
    let place = path.appending(PlanManifest.fileName)
    let text = try reading { () throws(MachineError) in
      try readFile(place, limit: PlanManifest.sizeLimit)
    }
    return try parsing("\(place)") { () throws(PlanManifest.BadLine) in
      try PlanManifest(text: String(decoding: text, as: UTF8.self))
    }
  }

  /// Reads a plan: its manifest, and of each segment's file what a check reads.
  func read() throws(Failure) -> (PlanManifest, contents: [String: SegmentContent]) {
    let manifest = try manifest()
    var contents: [String: SegmentContent] = [:]
    for segment in manifest.segments {
      contents[segment.file] = try reading { () throws(MachineError) in
        try withFile(path.appending(segment.file)) { file in
          let size = FileStatus(file.descriptor)?.size ?? 0
          let start = try file.readBytes(
            at: 0..<min(size, SegmentContent.checkedSize(of: segment.name)))
          return SegmentContent(start: start, size: size)
        }
      }
    }
    return (manifest, contents)
  }
}
