import PawlModel
import Testing

@Suite struct NodeShareTests {
  @Test(
    "A number from 1, or a share from 1% to 100%",
    arguments: [
      ("1", NodeShare.count(1)), ("12", .count(12)), ("1%", .percent(1)), ("25%", .percent(25)),
      ("100%", .percent(100)), ("0", nil), ("-1", nil), ("0%", nil), ("101%", nil), ("-5%", nil), ("", nil),
      ("%", nil), ("1.5", nil), ("50 %", nil), ("half", nil), ("1001", nil), ("99999999999999999999", nil),
    ])
  func parsing(text: String, share: NodeShare?) {
    #expect(NodeShare(parsing: text) == share)
  }

  @Test(
    "A share is rounded down, but at least 1",
    arguments: [
      ("3", 10, 3), ("25%", 10, 2), ("25%", 3, 1), ("50%", 3, 1), ("99%", 100, 99), ("100%", 7, 7),
      ("1%", 0, 1),
    ])
  func nodes(text: String, total: Int, nodes: Int) throws {
    #expect(try #require(NodeShare(parsing: text)).nodes(of: total) == nodes)
  }
}
