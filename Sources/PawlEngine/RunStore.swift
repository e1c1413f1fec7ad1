package import Foundation
package import PawlModel
package import PawlPlan

/// A run as it was created: never changed afterwards.
package struct RunRecord: Sendable, Hashable, Codable {
  package var id: RunID
  /// The plan, frozen.
  package var plan: Plan
  /// The inventory at that time.
  package var inventory: Inventory
  /// The facts the plan was made from.
  package var facts: Facts
  package var createdAt: Date
  /// `user@machine`.
  package var createdBy: String
  /// The version of Pawl that made it.
  package var pawlVersion: String

  /// Makes a record.
  package init(
    id: RunID, plan: Plan, inventory: Inventory, facts: Facts, createdAt: Date, createdBy: String,
    pawlVersion: String
  ) {
    self.id = id
    self.plan = plan
    self.inventory = inventory
    self.facts = facts
    self.createdAt = createdAt
    self.createdBy = createdBy
    self.pawlVersion = pawlVersion
  }
}

/// A line of the list of runs.
package struct RunSummary: Sendable, Hashable {
  package var id: RunID
  package var cluster: String
  package var title: String
  package var createdAt: Date
  /// The last stretch's end; nil while one is under way, or was cut off.
  package var outcome: RunOutcome?

  /// Makes a summary.
  package init(id: RunID, cluster: String, title: String, createdAt: Date, outcome: RunOutcome?) {
    self.id = id
    self.cluster = cluster
    self.title = title
    self.createdAt = createdAt
    self.outcome = outcome
  }
}

/// A piece of a step's output, in the order it came.
package struct OutputRecord: Sendable, Hashable, Codable {
  package var step: StepID
  package var attempt: Int
  package var text: String

  /// Makes a record.
  package init(step: StepID, attempt: Int, text: String) {
    self.step = step
    self.attempt = attempt
    self.text = text
  }
}

/// Who holds a cluster's lock.
package struct LockHolder: Sendable, Hashable, Codable, CustomStringConvertible {
  package var run: RunID
  /// `user@machine`.
  package var owner: String
  package var processID: Int32
  package var since: Date

  /// Makes a holder.
  package init(run: RunID, owner: String, processID: Int32, since: Date) {
    self.run = run
    self.owner = owner
    self.processID = processID
    self.since = since
  }

  package var description: String { "run \(run) by \(owner) (process \(processID))" }
}

/// Why the store refused.
package struct StoreError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kind of refusal.
  package enum Code: String, Sendable, Hashable {
    case notFound, locked, damaged, newerFormat, notDurable, outOfSpace, inputOutput, conflict
  }

  package let code: Code
  /// One sentence for the operator, with what to do.
  package let message: String
  /// For `locked`: who holds it.
  package let holder: LockHolder?

  /// Makes an error.
  package init(_ code: Code, _ message: String, holder: LockHolder? = nil) {
    self.code = code
    self.message = message
    self.holder = holder
  }

  package var description: String { message }
}

/// A held lock. Releasing it is the holder's last act; a process that dies releases it too.
package protocol RunLock: Sendable {
  /// Grows with each acquisition of this cluster's lock.
  var epoch: Int { get }
  /// Gives the lock back; doing it twice changes nothing.
  func release()
}

/// Where runs are kept. One contract suite (`RunStoreContract`) holds for every implementation.
package protocol RunStore: Sendable {
  /// Keeps a new run. - Throws: `conflict` when the id is taken.
  func create(_ record: RunRecord) async throws(StoreError)
  /// Adds events durably: when it returns they survive a power cut. Sequences must go on without a gap
  /// (`conflict` otherwise).
  func append(_ events: [RunEvent], to run: RunID) async throws(StoreError)
  /// The run and all its events. - Throws: `notFound`, `damaged`.
  func load(_ run: RunID) async throws(StoreError) -> (record: RunRecord, events: [RunEvent])
  /// All runs, newest first.
  func list() async throws(StoreError) -> [RunSummary]
  /// Keeps output; bounded per step, the oldest going first.
  func appendOutput(_ records: [OutputRecord], to run: RunID) async throws(StoreError)
  /// The kept output, of one step or of all.
  func output(of run: RunID, step: StepID?) async throws(StoreError) -> [OutputRecord]
  /// Keeps a request to the process that runs the run, durably. - Returns: its number.
  func request(_ action: ControlAction, of run: RunID, by owner: String, at time: Date)
    async throws(StoreError)
    -> Int
  /// The requests with a higher number, in order.
  func requests(of run: RunID, after number: Int) async throws(StoreError) -> [ControlRequest]
  /// Answers a request, once: a later answer to it changes nothing.
  func answer(_ number: Int, of run: RunID, with answer: ControlAnswer) async throws(StoreError)
  /// Takes the cluster's lock. - Throws: `locked` with the holder.
  func lock(cluster: String, for holder: LockHolder) async throws(StoreError) -> any RunLock
}
