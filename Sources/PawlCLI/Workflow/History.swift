import PawlEngine
import PawlPlan
import PawlStore

extension StateOptions {
  /// The newest runs of a cluster that are looked at.
  private static let runsBack = 10

  /// How long steps took in the last runs of a cluster, for estimates; a store that can't be read tells nothing.
  func history(of cluster: String) async -> StepHistory {
    var history = StepHistory()
    guard SQLiteRunStore.exists(in: directory) else { return history }
    do {
      let store = try openStore()
      for run in try await store.list().filter({ $0.cluster == cluster }).prefix(Self.runsBack) {
        // A journal that is damaged is told of by the commands that need it.
        guard try await store.verify(run: run.id).fault == nil else { continue }
        let (record, events) = try await store.load(run.id)
        history.add(record.plan, events)
      }
    } catch {
      Console.error("warning: Earlier runs tell nothing of how long this one takes: \(error)")
    }
    return history
  }
}
