// SPDX-License-Identifier: Apache-2.0

import Kexec
import TestSupport
import Testing

@Suite struct `The status of a capture` {
  @Test func `is that of its machine`() throws {
    let place = try Workplace()
    try run("cp", ["-r", capturedMachine, place / "machine"])
    try run("mkdir", ["-p", "proc/sys/kernel", "sys/kernel/security"], in: place / "machine")
    for (file, text) in [
      "sys/kernel/kexec_loaded": "1\n", "sys/kernel/kexec_crash_loaded": "0\n",
      "sys/kernel/kexec_crash_size": "268435456\n", "proc/sys/kernel/kexec_load_disabled": "1\n",
      "proc/sys/kernel/kexec_load_limit_reboot": "-1\n",
      "proc/sys/kernel/kexec_load_limit_panic": "2\n",
      "sys/kernel/security/lockdown": "none [integrity] confidentiality\n",
    ] {
      try write(Array(text.utf8), to: place / "machine/\(file)")
    }

    try dtfix("capture", "--root", place / "machine", "-o", place / "copy")
    let status = try ["machine", "copy"].map { try loader("status", "--root", place / $0) }

    #expect(status.map(\.status) == [0, 0])
    #expect(status[0].text == status[1].text)
    #expect(status[0].text.split(separator: "\n").filter { $0.hasSuffix("unknown") }.count == 3)
  }
}
