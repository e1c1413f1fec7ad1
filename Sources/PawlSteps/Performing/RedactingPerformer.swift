package import PawlEngine
package import PawlPlan
import Synchronization

/// Takes secrets out of everything that steps say, before journal, screen or JSON can see it.
package struct RedactingPerformer: StepPerformer {
  private let inner: any StepPerformer
  private let redactor: Redactor

  /// Wraps a performer.
  package init(_ inner: any StepPerformer, redactor: Redactor) {
    self.inner = inner
    self.redactor = redactor
  }

  package func perform(_ step: PlanStep, in context: StepContext) async -> StepResult {
    let stream = Mutex(RedactedStream(redactor))
    let result = await inner.perform(step, in: quiet(context) { piece in stream.withLock { $0.take(piece) } })
    let rest = stream.withLock { $0.finish() }
    if !rest.isEmpty { context.report(.output(rest)) }
    return switch result {
    case .succeeded(let outcome): .succeeded(redacted(outcome))
    case .failed(let failure): .failed(redacted(failure))
    case .lost(let failure): .lost(redacted(failure))
    case .stopped(let failure): .stopped(redacted(failure))
    }
  }

  package func probe(_ step: PlanStep, in context: StepContext) async -> ProbeVerdict {
    switch await inner.probe(step, in: quiet(context) { redactor.redact($0) }) {
    case .done(let outcome): .done(redacted(outcome))
    case .attached(let text): .attached(redactor.redact(text))
    case .notStarted: .notStarted
    case .torn(let text): .torn(redactor.redact(text))
    case .unknown(let question): .unknown(redactor.redact(question))
    case .unreachable(let failure): .unreachable(redacted(failure))
    }
  }

  package func hasUndo(_ step: PlanStep) -> Bool { inner.hasUndo(step) }

  package func undo(_ step: PlanStep, in context: StepContext) async throws(StepFailure) -> StepOutcome {
    do throws(StepFailure) {
      return redacted(try await inner.undo(step, in: quiet(context) { redactor.redact($0) }))
    } catch {
      throw redacted(error)
    }
  }

  private func quiet(_ context: StepContext, output: @escaping @Sendable (String) -> String) -> StepContext {
    context.reporting { [redactor] progress in
      switch progress {
      case .status(let text): context.report(.status(redactor.redact(text)))
      case .output(let piece):
        let text = output(piece)
        if !text.isEmpty { context.report(.output(text)) }
      }
    }
  }

  private func redacted(_ outcome: StepOutcome) -> StepOutcome {
    StepOutcome(
      redactor.redact(outcome.summary), changed: outcome.changed,
      record: outcome.record.map(redactor.redact))
  }

  private func redacted(_ failure: StepFailure) -> StepFailure {
    // Causes are lines of one output: a key may go over several of them.
    let causes = redactor.redact(failure.causes.joined(separator: "\n"))
    var failure = failure
    failure.message = redactor.redact(failure.message)
    failure.causes = causes.isEmpty ? [] : causes.split(separator: "\n").map(String.init)
    failure.hint = failure.hint.map(redactor.redact)
    return failure
  }
}
