// SPDX-License-Identifier: Apache-2.0

import MemoryPicture
import PhysicalMemory
import TestSupport
import Testing

@Suite struct `An SVG picture` {
  @Test(arguments: Machine.allCases)
  func `is well-formed XML, with a title and a description`(machine: Machine) throws {
    let picture = try machine.picture()

    let script = """
      import sys, xml.etree.ElementTree as tree
      root = tree.fromstring(sys.stdin.buffer.read())
      ns = '{http://www.w3.org/2000/svg}'
      assert root.tag == ns + 'svg' and root.get('viewBox')
      assert root.find(ns + 'desc').text
      print(root.find(ns + 'title').text)
      """
    let result = try run("python3", ["-c", script], input: Array(picture.svg.utf8))

    #expect(result.status == 0, "\(result.errors)")
    #expect(result.text == "Memory of <\(machine)>\n")
  }

  @Test(arguments: Machine.allCases)
  func `has labels that do not overlap and are not cut off`(machine: Machine) throws {
    let svg = try machine.picture().svg

    let box = try #require(svg.firstMatch(of: #/viewBox="0 0 ([0-9.]+) ([0-9.]+)"/#))
    let labels = labels(of: svg)
    for (index, label) in labels.enumerated() {
      #expect(label.left >= 0 && label.right <= Double(box.1) ?? 0, "\(label.text)")
      #expect(label.top >= 0 && label.bottom <= Double(box.2) ?? 0, "\(label.text)")
      for other in labels.dropFirst(index + 1) {
        #expect(!label.overlaps(other), "\(label.text) and \(other.text)")
      }
    }
  }

  @Test func `has a label for every segment`() throws {
    let texts = labels(of: try Machine.crash.picture().svg).map(\.text)

    for item in try Machine.crash.items() where item.kind == .segment {
      #expect(texts.contains(item.name))
      #expect(texts.contains("\(item.range)"))
    }
  }

  @Test(arguments: Machine.allCases)
  func `needs nothing else, and does nothing`(machine: Machine) throws {
    let svg = try machine.picture().svg

    let addresses = svg.matches(of: #/[a-z]+:\/\/[^"]*/#).map { "\($0.output)" }
    #expect(addresses == ["http://www.w3.org/2000/svg"])
    #expect(!svg.contains("<script") && !svg.contains("href") && !svg.contains("@import"))
    #expect(svg.matches(of: #/(\d+)px/#).allSatisfy { Int($0.1) ?? 0 >= 11 })
  }

  @Test func `shows names as text, whatever is in them`() throws {
    let svg = try Machine.names.picture().svg

    #expect(svg.contains(">&lt;b&gt;&amp;&quot;'<"))
    #expect(svg.contains(">\\u{1b}[31mred\\u{7}\\u{d}\\u{a}<"))
    #expect(svg.contains(">Grüße<"))
    #expect(svg.contains("\\u{202e}"))
    #expect(!svg.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
  }

  @Test func `of two pictures has both`() throws {
    let svg = MemoryPicture.svg([try Machine.crash.picture(), try Machine.plain.picture()])

    let texts = labels(of: svg).map(\.text)
    #expect(texts.contains("Memory of &lt;crash&gt;"))
    #expect(texts.contains("Memory of &lt;plain&gt;"))
  }
}

/// A text and the room that it takes.
private struct Label {
  let text: String
  let left, right, top, bottom: Double

  func overlaps(_ other: Label) -> Bool {
    left < other.right && other.left < right && top < other.bottom && other.top < bottom
  }
}

/// All texts, as wide as DejaVu's letters are on average.
private func labels(of svg: String) -> [Label] {
  let sizes = [Substring: Double](
    uniqueKeysWithValues: svg.matches(of: #/\.(\w+)\{font:\w+ (\d+)px/#).map {
      ($0.1, Double($0.2) ?? 0)
    })
  let pattern =
    #/<text x="([0-9.]+)" y="([0-9.]+)" class="(\w+)"(?: text-anchor="(\w+)")?>([^<]*)</#
  return svg.matches(of: pattern).map { match in
    let size = sizes[match.3] ?? 0
    let shown = match.5.replacing(#/&\w+;/#, with: "&")
    let thin = match.3 == "figure" ? 0 : shown.count { " .,()-:".contains($0) }
    let width = (Double(shown.count) * 0.61 - Double(thin) * 0.2) * size
    let x = Double(match.1) ?? 0
    let left = match.4 == "end" ? x - width : match.4 == "middle" ? x - width / 2 : x
    let base = Double(match.2) ?? 0
    return Label(
      text: "\(match.5)", left: left, right: left + width, top: base - size * 0.75,
      bottom: base + size * 0.2)
  }
}
