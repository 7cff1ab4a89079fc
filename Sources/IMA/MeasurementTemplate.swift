// SPDX-License-Identifier: Apache-2.0

/// The fields in the data of a measurement: a template of kernels, or a format.
///
/// Source: Linux 7.2 `security/integrity/ima/ima_template.c`.
public struct MeasurementTemplate: Hashable, Sendable {
  /// The name in the list: `ima-ng`, or a format without a name, such as `d-ng|n-ng|iuid`.
  public let name: String
  /// The fields of the data, in their order.
  public let fields: [MeasurementField]

  /// The most bytes that a kernel takes for a name: `MAX_TEMPLATE_NAME_LEN` less the NUL.
  public static let longestName = 68
  /// The most fields that a format may have: `IMA_TEMPLATE_NUM_FIELDS_MAX`.
  public static let mostFields = 15

  /// The template of the first kernels, whose data has no sizes: its digest is 20 bytes.
  ///
  /// A kernel does not restore it (`ima_restore_measurement_list`).
  public static let legacy = MeasurementTemplate("ima", [.shortDigest, .shortName])

  /// The templates that have a name: `builtin_templates`.
  public static let named = [
    legacy,
    MeasurementTemplate("ima-ng", [.digest, .name]),
    MeasurementTemplate("ima-sig", [.digest, .name, .signature]),
    MeasurementTemplate("ima-ngv2", [.typedDigest, .name]),
    MeasurementTemplate("ima-sigv2", [.typedDigest, .name, .signature]),
    MeasurementTemplate("ima-buf", [.digest, .name, .buffer]),
    MeasurementTemplate(
      "ima-modsig", [.digest, .name, .signature, .signedDigest, .appendedSignature]),
    MeasurementTemplate(
      "evm-sig",
      [
        .digest, .name, .portableSignature, .attributeNames, .attributeSizes, .attributeValues,
        .owner, .group, .mode,
      ]),
  ]

  private static let byName = Dictionary(uniqueKeysWithValues: named.map { ($0.name, $0) })

  /// The template of a name in a list, or of a format; nil for one that no kernel restores.
  ///
  /// A kernel that restores the format of a template prints the name of the template from then on.
  public init?(named name: String) {
    if let template = Self.byName[name] {
      self = template
      return
    }
    guard name.utf8.count <= Self.longestName else { return nil }
    let words = name.split(separator: "|", omittingEmptySubsequences: false)
    let fields = words.compactMap { MeasurementField(rawValue: String($0)) }
    guard fields.count == words.count, fields.count <= Self.mostFields else { return nil }
    self.init(name, fields)
  }

  private init(_ name: String, _ fields: [MeasurementField]) {
    self.name = name
    self.fields = fields
  }

  /// Whether its data has no sizes: ``legacy``.
  var isLegacy: Bool { name == Self.legacy.name }
}

/// A kind of field in the data of a measurement; the raw value is its name in a template's format.
///
/// Source: `supported_fields` in Linux `security/integrity/ima/ima_template.c`.
public enum MeasurementField: String, Hashable, Sendable, CaseIterable {
  /// The digest of a file, 20 bytes at most.
  case shortDigest = "d"
  /// The name of a file, 255 bytes at most.
  case shortName = "n"
  /// The digest of a file: the algorithm, `:`, NUL, the digest.
  case digest = "d-ng"
  /// The same with the type before it: `ima:` or `verity:`.
  case typedDigest = "d-ngv2"
  /// The name of a file or of another object, with a NUL at its end.
  case name = "n-ng"
  /// The signature of a file, as in `security.ima`.
  case signature = "sig"
  /// The measured object itself, where it is no file: a command line, a key.
  case buffer = "buf"
  /// The digest of a file without the signature that is appended to it; as ``digest``.
  case signedDigest = "d-modsig"
  /// The signature that is appended to a file.
  case appendedSignature = "modsig"
  /// The portable signature of a file, as in `security.evm`.
  case portableSignature = "evmsig"
  /// The owner of a file: a number of 4 bytes.
  case owner = "iuid"
  /// The group of a file: a number of 4 bytes.
  case group = "igid"
  /// The type and the permissions of a file: a number of 2 bytes.
  case mode = "imode"
  /// The names of a file's extended attributes.
  case attributeNames = "xattrnames"
  /// The sizes of a file's extended attributes: numbers of 4 bytes.
  case attributeSizes = "xattrlengths"
  /// The values of a file's extended attributes, one after the other.
  case attributeValues = "xattrvalues"
}
