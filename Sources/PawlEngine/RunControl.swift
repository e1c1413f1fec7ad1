/// What may be asked of a run that is under way.
package enum RunControl: Sendable {
  /// Finish what runs, start nothing.
  case stop(StopReason)
  /// Start nothing, and stop what runs: the process groups of remote commands are ended. The steps are in doubt then.
  case stopSteps
  /// Stop watching at once; remote commands go on and are found again by a resume.
  case detach
  /// An operator at another terminal asks; the answer comes once the request is durable in the journal, or refused.
  case requested(ControlAction, by: String, answer: @Sendable (ControlAnswer) -> Void)
}
