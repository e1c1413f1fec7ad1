import PawlEngine
import PawlPlan
import Testing

@testable import PawlCLI

@Suite("What carries notices to a view")
struct RunDisplayTests {
  @Test(
    "What waits is bounded: progress is dropped, events are not, and what came is kept in order")
  func bounded() async throws {
    let store = MemoryRunStore()
    let record = try RunSample.record()
    try await store.create(record)
    let display = RunDisplay(limit: 10_000)
    let piece = String(repeating: "x", count: 900)
    for event in RunSample.journal {
      display.notify(.event(event))
      for _ in 0..<2 { display.notify(.progress(RunSample.check, .output(piece))) }
    }
    display.finish()
    let output = Output()
    let (_, state) = await display.run(
      LineView(palette: Palette(noColor: true), write: output.add), run: RunSample.run, plan: record.plan,
      state: try RunState(plan: record.plan, events: []), store: store)
    #expect(display.dropped == 2 * RunSample.journal.count - 10)
    #expect(try RunState(plan: record.plan, events: RunSample.journal) == state)
    #expect(try await store.output(of: RunSample.run, step: RunSample.check).count == 10)
  }
}
