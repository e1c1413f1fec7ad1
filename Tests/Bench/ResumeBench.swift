import Foundation
import PawlEngine
import PawlPlan
import PawlStore
import PawlTestSupport

/// A large run that was killed halfway: how soon it goes on, and what it takes to end it.
struct ResumeBench {
  /// Steps that were under way when the run was killed.
  private static let underWay = 16

  let directory: String
  private let plan = BenchPlan.hosts(Bench.hosts, steps: Bench.stepsPerHost)

  init(directory: String) { self.directory = directory }

  /// Writes the journal of the killed run: each host has done half of its steps.
  func prepare() async throws {
    let store = try Bench.store(directory)
    try await store.create(Bench.record(plan, directory: directory))
    var kinds: [RunEventKind] = [.runStarted(by: "bench", resumed: false)]
    for (index, step) in plan.steps.enumerated() {
      let (host, place) = index.quotientAndRemainder(dividingBy: Bench.stepsPerHost)
      if place < Bench.stepsPerHost / 2 {
        kinds.append(.stepStarted(step.id, attempt: 1))
        kinds.append(.stepSucceeded(step.id, attempt: 1, BenchPlan.outcome))
      } else if place == Bench.stepsPerHost / 2, host < Self.underWay {
        kinds.append(.stepStarted(step.id, attempt: 1))
      }
    }
    let events = kinds.enumerated().map { RunEvent(sequence: $0 + 1, time: Date(), kind: $1) }
    for start in stride(from: 0, to: events.count, by: 1000) {
      try await store.append(Array(events[start..<min(start + 1000, events.count)]), to: Bench.run)
    }
    print("a run of \(Bench.hosts) hosts x \(Bench.stepsPerHost) steps, killed after \(events.count) events")
  }

  /// Runs the real `pawl resume` until it starts a step that was never started, and kills it there. The API server
  /// gives the cluster's lock; no host answers: what counts is the time until Pawl turns to one.
  func resume(with program: String) async throws {
    let server = try StubAPIServer(BenchPlan.objects)
    try BenchPlan.kubeconfig(server.url).write(
      toFile: directory + "/kubeconfig", atomically: true, encoding: .utf8)
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(filePath: program)
    process.arguments = ["resume", Bench.run.text, "--state", directory, "--output", "json"]
    process.standardOutput = output
    let start = ContinuousClock.now
    try process.run()
    var found = false
    var seen = ""
    while !found {
      let piece = output.fileHandleForReading.availableData
      if piece.isEmpty { break }
      seen += String(decoding: piece, as: UTF8.self)
      found = seen.contains("\"step-started\"")
    }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let memory = try Self.peakMemory(of: "\(process.processIdentifier)")
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    guard found else {
      print("  pawl resume started no step")
      exit(1)
    }
    print("  pawl resume: \(Self.text(seconds)) s to the first new step, peak memory \(memory) MB until then")
  }

  /// Takes the killed run up once more and to its end, without hosts.
  func finish() async throws {
    let store = try Bench.store(directory)
    let before = try await store.load(Bench.run).events
    let state = try RunState(plan: plan, events: before)
    let open = plan.steps.count { !state.status(of: $0.id).isSucceeded }
    let begun = plan.steps.count {
      !state.status(of: $0.id).isSucceeded && state.status(of: $0.id) != .pending
    }
    let performer = IdlePerformer()
    let start = ContinuousClock.now
    _ = try await RunExecutor(store: store, performer: performer).run(Bench.run, by: "bench", epoch: 3)
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    print("  the other \(performer.performed) steps: \(Int(Double(open) / seconds)) durable steps a second")
    print("  peak memory of that process, from load to end: \(try Self.peakMemory(of: "self")) MB")
    // Started and ended each, the doubt and its probe for those that were under way, the stretch's own two.
    try await Bench.checkNothingLost(store, plan, events: before.count + 2 * open + 3 * begun + 2)
  }

  /// A process's high-water mark of resident memory, in MB.
  private static func peakMemory(of process: String) throws -> Int {
    let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
    return line.split(separator: " ").compactMap { Int($0) }.reduce(0, +) / 1024
  }

  private static func text(_ seconds: Double) -> String { String(format: "%.2f", seconds) }
}
