import Foundation
import PawlEngine
import PawlModel
import PawlStore

/// Asks the process that runs a run, and waits for its answer.
struct ControlDesk {
  /// How often the answer is looked for, and for how long: 30 s.
  private static let pause = Duration.milliseconds(200)
  private static let looks = 150
  /// How many looks go by before it is checked that the process is still there.
  private static let looksPerCheck = 10

  /// Who runs the run, if anybody does.
  enum Place {
    case underWay(LockHolder)
    /// Nobody does; the lock keeps others from taking it up meanwhile, unless another run holds the cluster.
    case stopped(lock: (any RunLock)?)
  }

  let store: SQLiteRunStore
  let record: RunRecord

  /// Finds out who runs the run.
  func find() async throws(StoreError) -> Place {
    let holder = LockHolder(
      run: record.id, owner: RunWorkflow.owner, processID: ProcessInfo.processInfo.processIdentifier,
      since: Date())
    do {
      return .stopped(lock: try await store.lock(cluster: record.inventory.name, for: holder))
    } catch {
      guard error.code == .locked, let other = error.holder else { throw error }
      return other.run == record.id ? .underWay(other) : .stopped(lock: nil)
    }
  }

  /// Asks the running process and gives its answer.
  ///
  /// - Throws: `CommandFailure` when it refuses, is gone or says nothing for 30 s; the request is withdrawn then.
  func ask(_ action: ControlAction, _ holder: LockHolder) async throws -> ControlAnswer {
    let number = try await store.request(action, of: record.id, by: RunWorkflow.owner, at: Date())
    Console.error(
      "Waiting for process \(holder.processID) of \(holder.owner), which runs it, to take that up.")
    for look in 1...Self.looks {
      if let answer = try await answer(to: number) { return try accepted(answer) }
      if look % Self.looksPerCheck == 0, case .stopped(let lock) = try await find() {
        lock?.release()
        try await withdraw(number)
        throw CommandFailure(
          .failed, "Run \(record.id) has stopped meanwhile; 'pawl show \(record.id)' says how.")
      }
      try await Task.sleep(for: Self.pause)
    }
    try await withdraw(number)
    throw CommandFailure(
      .failed,
      "Process \(holder.processID) has not answered for 30 s, so the request is withdrawn; see whether it still runs."
    )
  }

  private func answer(to number: Int) async throws(StoreError) -> ControlAnswer? {
    try await store.requests(of: record.id, after: number - 1).first?.answer
  }

  private func accepted(_ answer: ControlAnswer) throws(CommandFailure) -> ControlAnswer {
    guard answer.accepted else { throw CommandFailure(.failed, answer.text) }
    return answer
  }

  private func withdraw(_ number: Int) async throws(StoreError) {
    try await store.answer(
      number, of: record.id, with: ControlAnswer(accepted: false, "It was withdrawn by the one who asked."))
  }
}

extension RunWorkflow {
  /// Runs `body` while other terminals can ask things of the run.
  func listening<Result>(
    to id: RunID, _ interrupts: Interrupts, _ body: () async throws -> Result
  ) async throws -> Result {
    let watch = ControlWatch(store: store, run: id) { error in
      Console.error("warning: requests from other terminals can't be read now: \(error.message)")
    }
    let last = try await watch.dropStale()
    let watching = Task { await watch.forward(after: last) { interrupts.send($0) } }
    defer { watching.cancel() }
    let result = try await body()
    watching.cancel()
    await watching.value
    try await watch.close(after: last)
    return result
  }
}
