import Dispatch

/// Runs an actor's jobs on one serial dispatch queue, so that the actor and its dispatch sources share a thread.
package final class QueueExecutor: SerialExecutor {
  let queue: DispatchQueue

  init(label: String) { queue = DispatchQueue(label: label) }

  package func enqueue(_ job: consuming ExecutorJob) {
    let unowned = UnownedJob(job)
    queue.async { unowned.runSynchronously(on: self.asUnownedSerialExecutor()) }
  }

  /// Lets `assumeIsolated` accept the handlers of dispatch sources on this queue.
  package func checkIsolated() { dispatchPrecondition(condition: .onQueue(queue)) }
}
