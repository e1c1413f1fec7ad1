import PawlPlan
import PawlTestSupport
import Testing

@testable import PawlCLI

@Suite("The plan on narrow terminals")
struct PlanWidthTests {
  @Test("Reports at 40 and 60 columns stay as they are and inside the width", arguments: [40, 60])
  func narrow(width: Int) throws {
    let text = PlanReport(try RunSample.plan()).text(width: width)
    for line in text.split(separator: "\n") { #expect(line.count <= width, "\(line)") }
    try Golden().expect(text, "plan-single-1.20-\(width).txt")
  }

  @Test("No width loses a word", arguments: [30, 40, 47, 60, 72, 80, 100, 200])
  func whole(width: Int) throws {
    let plan = try RunSample.plan()
    func words(_ text: String) -> [Substring] { text.split { $0 == " " || $0.isNewline } }
    #expect(words(PlanReport(plan).text(width: width)) == words(PlanReport(plan).text(width: 1000)))
  }
}
