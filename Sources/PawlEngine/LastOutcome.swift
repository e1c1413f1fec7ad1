extension RunEventKind {
  /// How the last stretch ended, once this event has followed; nil while a stretch is under way or was cut off.
  package func outcome(after previous: RunOutcome?) -> RunOutcome? {
    switch self {
    case .runStarted: nil
    case .runStopped(let outcome): outcome
    default: previous
    }
  }
}
