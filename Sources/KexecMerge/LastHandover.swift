// SPDX-License-Identifier: Apache-2.0

package import DeviceTree
package import KexecFacts
package import KexecRules
import PhysicalMemory

/// What the last hand-over left in a tree: properties of `/chosen`, and reservations that are stale now.
///
/// The reservations are found by the properties that led to them; both an editor of the tree and a merge with
/// another one go by this.
package struct LastHandover {
  /// The root's `#address-cells` and `#size-cells`: they rule every tuple in `/chosen`.
  package let rootCells: CellCounts
  /// The properties of `/chosen`.
  package let properties: [Property]
  /// The reservation block.
  package let reservations: [AddressAndSize]
  /// Reservations that the last hand-over made, and why they go.
  package private(set) var stale: [TreeFixup.Reservation] = []
  /// Reservations that may be the last hand-over's, and why they stay.
  package private(set) var kept: [TreeFixup.Reservation] = []

  /// The properties before the caller edited them, if so, and those now.
  private let allProperties: [Property]

  /// The function that writes what is read here.
  package static let rule = Rule.linux("drivers/of/kexec.c", "of_kexec_alloc_and_setup_fdt")

  /// - Parameters:
  ///   - tree: the tree, as the caller edited it.
  ///   - old: the tree as it came, where the caller has edited it: memory whose property was deleted is still
  ///     reserved.
  ///   - extras: what else is handed over now, and may have been before.
  /// - Throws: `DeviceTreeError.Code.badCells` for a tree whose root does not say how long its addresses
  ///   are: Linux and libfdt would then disagree on every tuple; and an error for half an initrd.
  package init(
    in tree: DeviceTree, before old: DeviceTree? = nil, extras: [KexecInput] = [],
    on machine: borrowing MachineSnapshot
  ) throws(DeviceTreeError) {
    rootCells = try tree.cellCounts(of: "/")
    properties =
      tree.contains(ChosenProperty.node) ? try tree.properties(of: ChosenProperty.node) : []
    let oldProperties = old.map { (try? $0.properties(of: ChosenProperty.node)) ?? [] }
    allProperties = (oldProperties ?? []) + properties
    reservations = tree.reservations
    // More than `checkSize` allows are not compared with each other.
    guard max(reservations.count, allProperties.count) <= 2 * Self.limit else { return }
    releaseOwn(sourceSize: (old ?? tree).sourceSize, machine)
    release(
      .coreHeader,
      (
        "the elfcorehdr was for the last crash kernel",
        .linux("drivers/of/fdt.c", "early_init_dt_check_for_elfcorehdr")
      ))
    if let oldProperties { releaseInitrd(of: oldProperties, machine) }
    releaseInitrd(of: properties, machine)
    try checkInitrd()
    for input in KexecInput.buffers { release(input, input.stale) }
    for input in extras { release(input, input.stale) }
  }

  /// Refuses more reservations, and properties of `/chosen`, than are edited in seconds: each edit moves the rest.
  package func checkSize() throws(KexecError) {
    try Self.check(reservations.count, at: "reservations")
    try Self.check(properties.count, at: ChosenProperty.node)
  }

  /// Far above what machines have.
  private static let limit = 10_000

  /// The same of one count.
  package static func check(_ count: Int, at place: String) throws(KexecError) {
    guard count <= limit else { throw .tooMany(place: place, count: count, limit: limit) }
  }

  /// The reservations without the stale ones.
  package var lastingReservations: [AddressAndSize] {
    guard !stale.isEmpty else { return reservations }
    let entries = Set(stale.map(\.entry))
    return reservations.filter { !entries.contains($0) }
  }

  /// The value of a property; of the first copy, as readers do.
  package func value(of name: String) -> PropertyValue? {
    properties.first { $0.isNamed(name) }?.value
  }

  /// Adds what one architecture's kernels reserved.
  package mutating func release(_ entries: [TreeFixup.Reservation]) {
    for entry in entries { release(entry) }
  }

  // MARK: What is stale

  /// The running kernel's tree may be reserved by whoever placed it.
  ///
  /// The kernel knows where its tree is and deletes exactly that entry; user space only has
  /// the size. A size that is no multiple of a page and matches inside memory the kernel keeps is its tree; a size in whole
  /// pages could be firmware's, and a reservation too many costs little, so that one stays.
  private mutating func releaseOwn(sourceSize: Int, _ machine: MachineSnapshot) {
    let pageSize = machine.possiblePageSizes[0]
    let pages = roundUp(UInt64(sourceSize), to: pageSize)
    for entry in reservations where [UInt64(sourceSize), pages].contains(entry.size) {
      guard let range = entry.range, machine.reserved.contains(where: { $0.contains(range) })
      else { continue }
      if entry.size == sourceSize, !entry.size.isMultiple(of: pageSize) {
        release(
          .init(
            entry,
            reason: "a guess: as large as the running kernel's tree, which is not passed on",
            rule: Self.rule))
      } else {
        kept.append(
          .init(
            entry, reason: "may be the running kernel's tree or firmware's memory; harmless",
            rule: Self.rule))
      }
    }
  }

  /// The memory that a property names.
  private mutating func release(
    _ input: KexecInput, _ stale: @autoclosure () -> (reason: String, rule: Rule)?
  ) {
    guard let name = input.property else { return }
    for old in allProperties where old.isNamed(name) {
      guard let (reason, rule) = stale(), let tuples = old.value.tuples(rootCells),
        tuples.count == 1
      else { continue }
      release(.init(tuples[0], reason: reason, rule: rule, isSecret: input.isSecret))
    }
  }

  /// The reservation of the last initrd may be exact, as kexec writes it, or in whole pages, as
  /// firmware does.
  private mutating func releaseInitrd(of properties: [Property], _ machine: MachineSnapshot) {
    let numbers = ChosenProperty.initrd.map { name in
      properties.first { $0.isNamed(name) }?.value.number
    }
    guard let start = numbers[0], let end = numbers[1], start < end else { return }
    let sizes = [end - start] + machine.possiblePageSizes.map { roundUp(end - start, to: $0) }
    let entry = sizes.map { AddressAndSize(address: start, size: $0) }
      .first(where: reservations.contains)
    guard let entry else { return }
    release(
      .init(
        entry, reason: "was the last initrd's, which is not passed on", rule: Self.rule))
  }

  private mutating func release(_ entry: TreeFixup.Reservation) {
    guard reservations.contains(entry.entry), !stale.contains(where: { $0.entry == entry.entry })
    else { return }
    stale.append(entry)
  }

  /// A start needs an end, and both are numbers; an end alone goes without a word.
  private func checkInitrd() throws(DeviceTreeError) {
    guard value(of: ChosenProperty.initrdStart) != nil else { return }
    for name in ChosenProperty.initrd where value(of: name)?.number == nil {
      throw DeviceTreeError(.badValue, node: ChosenProperty.node, property: name)
    }
  }
}

/// The next multiple of a page size, which is a power of two; saturates.
private func roundUp(_ size: UInt64, to pageSize: UInt64) -> UInt64 {
  let (sum, overflow) = size.addingReportingOverflow(pageSize - 1)
  return overflow ? .max : sum & ~(pageSize - 1)
}
