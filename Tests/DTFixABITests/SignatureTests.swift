// SPDX-License-Identifier: Apache-2.0

import CDTFix
import DTFixABI
import Foundation
import TestSupport
import Testing

@Suite struct `The functions of dtfix.h` {
  /// The type of a function in the header, and of its body: the same to the last optional.
  struct Pair: Sendable, CustomTestStringConvertible {
    let name: String
    let declared: String
    let defined: String

    init(_ name: String, _ declared: Any.Type, _ defined: Any.Type) {
      self.name = name
      self.declared = String(reflecting: declared)
      self.defined = String(reflecting: defined)
    }

    var testDescription: String { name }
  }

  @Test(arguments: Self.all)
  func `have bodies of the same type`(pair: Pair) {
    #expect(pair.declared == pair.defined)
  }

  @Test func `are all here, in libdtfix.map and in the header`() throws {
    let header = try Self.text("include/dtfix.h")
    let map = try Self.text("libdtfix.map")

    let declared = Set(
      header.replacing(/(?s)\/\*.*?\*\//, with: "").matches(of: /\b(dtfix_\w+)\(/).map { $0.1 })
    let exported = Set(map.matches(of: /(?m)^ +(dtfix_\w+);$/).map { $0.1 })

    #expect(declared == exported)
    #expect(declared == Set(Self.all.map { Substring($0.name) }))
  }

  private static func text(_ name: String) throws -> String {
    try String(contentsOfFile: "\(Fixtures.package)/Sources/CDTFix/\(name)", encoding: .utf8)
  }

  static let all = [
    Pair(
      "dtfix_abi_version", unsafe type(of: CDTFix.dtfix_abi_version),
      unsafe type(of: DTFixABI.dtfix_abi_version)),
    Pair(
      "dtfix_error_code", unsafe type(of: CDTFix.dtfix_error_code),
      unsafe type(of: DTFixABI.dtfix_error_code)),
    Pair(
      "dtfix_error_message", unsafe type(of: CDTFix.dtfix_error_message),
      unsafe type(of: DTFixABI.dtfix_error_message)),
    Pair(
      "dtfix_error_free", unsafe type(of: CDTFix.dtfix_error_free),
      unsafe type(of: DTFixABI.dtfix_error_free)),
    Pair(
      "dtfix_buffer_bytes", unsafe type(of: CDTFix.dtfix_buffer_bytes),
      unsafe type(of: DTFixABI.dtfix_buffer_bytes)),
    Pair(
      "dtfix_buffer_size", unsafe type(of: CDTFix.dtfix_buffer_size),
      unsafe type(of: DTFixABI.dtfix_buffer_size)),
    Pair(
      "dtfix_buffer_free", unsafe type(of: CDTFix.dtfix_buffer_free),
      unsafe type(of: DTFixABI.dtfix_buffer_free)),
    Pair("dtfix_read", unsafe type(of: CDTFix.dtfix_read), unsafe type(of: DTFixABI.dtfix_read)),
    Pair(
      "dtfix_report_change_count", unsafe type(of: CDTFix.dtfix_report_change_count),
      unsafe type(of: DTFixABI.dtfix_report_change_count)),
    Pair(
      "dtfix_report_change", unsafe type(of: CDTFix.dtfix_report_change),
      unsafe type(of: DTFixABI.dtfix_report_change)),
    Pair(
      "dtfix_report_finding_count", unsafe type(of: CDTFix.dtfix_report_finding_count),
      unsafe type(of: DTFixABI.dtfix_report_finding_count)),
    Pair(
      "dtfix_report_finding", unsafe type(of: CDTFix.dtfix_report_finding),
      unsafe type(of: DTFixABI.dtfix_report_finding)),
    Pair(
      "dtfix_report_text", unsafe type(of: CDTFix.dtfix_report_text),
      unsafe type(of: DTFixABI.dtfix_report_text)),
    Pair(
      "dtfix_report_json", unsafe type(of: CDTFix.dtfix_report_json),
      unsafe type(of: DTFixABI.dtfix_report_json)),
    Pair(
      "dtfix_report_free", unsafe type(of: CDTFix.dtfix_report_free),
      unsafe type(of: DTFixABI.dtfix_report_free)),
    Pair(
      "dtfix_tree_open", unsafe type(of: CDTFix.dtfix_tree_open),
      unsafe type(of: DTFixABI.dtfix_tree_open)),
    Pair(
      "dtfix_tree_new", unsafe type(of: CDTFix.dtfix_tree_new),
      unsafe type(of: DTFixABI.dtfix_tree_new)),
    Pair(
      "dtfix_tree_copy", unsafe type(of: CDTFix.dtfix_tree_copy),
      unsafe type(of: DTFixABI.dtfix_tree_copy)),
    Pair(
      "dtfix_tree_blob", unsafe type(of: CDTFix.dtfix_tree_blob),
      unsafe type(of: DTFixABI.dtfix_tree_blob)),
    Pair(
      "dtfix_tree_source", unsafe type(of: CDTFix.dtfix_tree_source),
      unsafe type(of: DTFixABI.dtfix_tree_source)),
    Pair(
      "dtfix_tree_free", unsafe type(of: CDTFix.dtfix_tree_free),
      unsafe type(of: DTFixABI.dtfix_tree_free)),
    Pair(
      "dtfix_tree_children", unsafe type(of: CDTFix.dtfix_tree_children),
      unsafe type(of: DTFixABI.dtfix_tree_children)),
    Pair(
      "dtfix_tree_properties", unsafe type(of: CDTFix.dtfix_tree_properties),
      unsafe type(of: DTFixABI.dtfix_tree_properties)),
    Pair(
      "dtfix_tree_property", unsafe type(of: CDTFix.dtfix_tree_property),
      unsafe type(of: DTFixABI.dtfix_tree_property)),
    Pair(
      "dtfix_tree_set_property", unsafe type(of: CDTFix.dtfix_tree_set_property),
      unsafe type(of: DTFixABI.dtfix_tree_set_property)),
    Pair(
      "dtfix_tree_delete_property", unsafe type(of: CDTFix.dtfix_tree_delete_property),
      unsafe type(of: DTFixABI.dtfix_tree_delete_property)),
    Pair(
      "dtfix_tree_add_node", unsafe type(of: CDTFix.dtfix_tree_add_node),
      unsafe type(of: DTFixABI.dtfix_tree_add_node)),
    Pair(
      "dtfix_tree_delete_node", unsafe type(of: CDTFix.dtfix_tree_delete_node),
      unsafe type(of: DTFixABI.dtfix_tree_delete_node)),
    Pair(
      "dtfix_tree_reservation_count", unsafe type(of: CDTFix.dtfix_tree_reservation_count),
      unsafe type(of: DTFixABI.dtfix_tree_reservation_count)),
    Pair(
      "dtfix_tree_reservation", unsafe type(of: CDTFix.dtfix_tree_reservation),
      unsafe type(of: DTFixABI.dtfix_tree_reservation)),
    Pair(
      "dtfix_tree_add_reservation", unsafe type(of: CDTFix.dtfix_tree_add_reservation),
      unsafe type(of: DTFixABI.dtfix_tree_add_reservation)),
    Pair(
      "dtfix_tree_delete_reservation", unsafe type(of: CDTFix.dtfix_tree_delete_reservation),
      unsafe type(of: DTFixABI.dtfix_tree_delete_reservation)),
    Pair(
      "dtfix_tree_apply", unsafe type(of: CDTFix.dtfix_tree_apply),
      unsafe type(of: DTFixABI.dtfix_tree_apply)),
    Pair(
      "dtfix_tree_compare", unsafe type(of: CDTFix.dtfix_tree_compare),
      unsafe type(of: DTFixABI.dtfix_tree_compare)),
    Pair(
      "dtfix_machine_open", unsafe type(of: CDTFix.dtfix_machine_open),
      unsafe type(of: DTFixABI.dtfix_machine_open)),
    Pair(
      "dtfix_machine_free", unsafe type(of: CDTFix.dtfix_machine_free),
      unsafe type(of: DTFixABI.dtfix_machine_free)),
    Pair(
      "dtfix_machine_architecture", unsafe type(of: CDTFix.dtfix_machine_architecture),
      unsafe type(of: DTFixABI.dtfix_machine_architecture)),
    Pair(
      "dtfix_machine_tree", unsafe type(of: CDTFix.dtfix_machine_tree),
      unsafe type(of: DTFixABI.dtfix_machine_tree)),
    Pair(
      "dtfix_machine_command_line", unsafe type(of: CDTFix.dtfix_machine_command_line),
      unsafe type(of: DTFixABI.dtfix_machine_command_line)),
    Pair(
      "dtfix_machine_status_read", unsafe type(of: CDTFix.dtfix_machine_status_read),
      unsafe type(of: DTFixABI.dtfix_machine_status_read)),
    Pair(
      "dtfix_tree_patch", unsafe type(of: CDTFix.dtfix_tree_patch),
      unsafe type(of: DTFixABI.dtfix_tree_patch)),
    Pair(
      "dtfix_core_header", unsafe type(of: CDTFix.dtfix_core_header),
      unsafe type(of: DTFixABI.dtfix_core_header)),
    Pair(
      "dtfix_core_header_check", unsafe type(of: CDTFix.dtfix_core_header_check),
      unsafe type(of: DTFixABI.dtfix_core_header_check)),
    Pair(
      "dtfix_image_open", unsafe type(of: CDTFix.dtfix_image_open),
      unsafe type(of: DTFixABI.dtfix_image_open)),
    Pair(
      "dtfix_image_info_read", unsafe type(of: CDTFix.dtfix_image_info_read),
      unsafe type(of: DTFixABI.dtfix_image_info_read)),
    Pair(
      "dtfix_image_free", unsafe type(of: CDTFix.dtfix_image_free),
      unsafe type(of: DTFixABI.dtfix_image_free)),
    Pair(
      "dtfix_file_set_new", unsafe type(of: CDTFix.dtfix_file_set_new),
      unsafe type(of: DTFixABI.dtfix_file_set_new)),
    Pair(
      "dtfix_file_set_add", unsafe type(of: CDTFix.dtfix_file_set_add),
      unsafe type(of: DTFixABI.dtfix_file_set_add)),
    Pair(
      "dtfix_file_set_free", unsafe type(of: CDTFix.dtfix_file_set_free),
      unsafe type(of: DTFixABI.dtfix_file_set_free)),
    Pair(
      "dtfix_plan_make", unsafe type(of: CDTFix.dtfix_plan_make),
      unsafe type(of: DTFixABI.dtfix_plan_make)),
    Pair(
      "dtfix_plan_info_read", unsafe type(of: CDTFix.dtfix_plan_info_read),
      unsafe type(of: DTFixABI.dtfix_plan_info_read)),
    Pair(
      "dtfix_plan_segment", unsafe type(of: CDTFix.dtfix_plan_segment),
      unsafe type(of: DTFixABI.dtfix_plan_segment)),
    Pair(
      "dtfix_plan_manifest", unsafe type(of: CDTFix.dtfix_plan_manifest),
      unsafe type(of: DTFixABI.dtfix_plan_manifest)),
    Pair(
      "dtfix_plan_json", unsafe type(of: CDTFix.dtfix_plan_json),
      unsafe type(of: DTFixABI.dtfix_plan_json)),
    Pair(
      "dtfix_plan_free", unsafe type(of: CDTFix.dtfix_plan_free),
      unsafe type(of: DTFixABI.dtfix_plan_free)),
  ]
}
