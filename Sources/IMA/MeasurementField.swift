// SPDX-License-Identifier: Apache-2.0

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
  /// The same after what it is a digest of: `ima:` or `verity:`.
  case typedDigest = "d-ngv2"
  /// The name of a file, or of what else was measured; it ends with NUL.
  case name = "n-ng"
  /// The signature of a file, as in `security.ima`.
  case signature = "sig"
  /// What was measured itself, where it is no file: a command line, a key.
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
