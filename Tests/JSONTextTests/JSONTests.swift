// SPDX-License-Identifier: Apache-2.0

import JSONText
import TestSupport
import Testing

@Suite struct `JSON text` {
  @Test func `is what another parser reads`() throws {
    let value: JSON = [
      "name": "a \"quoted\"\\\n\t\u{1}\u{7f}é", "none": .null, "list": [.number(1), true, "x"],
      "empty": .array([]), "object": ["deep": .object([])], "absent": nil,
    ]

    let result = try run(
      "python3",
      ["-c", "import json,sys; print(json.dumps(json.load(sys.stdin), sort_keys=True))"],
      input: Array(value.description.utf8))

    #expect(result.status == 0, "\(result.errors)")
    #expect(
      result.text == #"""
        {"empty": [], "list": [1, true, "x"], "name": "a \"quoted\"\\\n\t\u0001\u007f\u00e9", "none": null, "object": {"deep": {}}}

        """#)
  }

  @Test func `is indented, with plain lists on one line`() {
    let value: JSON = ["a": [.number(1), .number(2)], "b": [["c": "d"]]]

    #expect(
      value.description == """
        {
          "a": [1, 2],
          "b": [
            {
              "c": "d"
            }
          ]
        }
        """)
  }
}
