package import PawlEngine
import PawlModel
package import PawlPlan

/// Points a host's package source at the repository of one minor.
package struct AptSetSource: Action {
  package static let spec = ActionSpec(
    name: "apt/set-source", version: 1, summary: "Points the host's package source at a minor's repository.",
    parameters: [
      .init("minor", .string, "The minor, such as 1.30."),
      .init("template", .string, "The source line with {minor} in it; `packages.sourceTemplate`."),
      .init("file", .string, "The file that holds the line alone; `packages.sourceFile`."),
    ],
    reversibility: .reversible, retry: RetryPolicy(attempts: 3, delaySeconds: 5), timeoutSeconds: 60,
    estimateSeconds: 2,
    title: { "Take packages of \($0.text("minor")) on \($0.host?.name ?? "the host")" },
    freeze: { (site, _) throws(PlanRefusal) in ["line": .string(try line(site))] })

  package static let hostChanges = 1

  /// The line, chosen when the plan is made.
  private static func line(_ site: ActionSpec.Site) throws(PlanRefusal) -> String {
    let (minor, file) = (site.text("minor"), site.text("file"))
    guard PackageSource.isSourceFile(file) else {
      throw PlanRefusal(
        code: "invalid-parameters",
        message: "apt/set-source does not write \(file) on \(site.node).",
        hint: "Name a file in \(PackageSource.sourceDirectory) that ends with .list.")
    }
    guard let version = KubernetesVersion(parsing: minor + ".0"),
      let line = PackageSource.line(of: site.text("template"), for: version.minorVersion)
    else {
      throw PlanRefusal(
        code: "invalid-parameters",
        message: "apt/set-source on \(site.node) needs a minor such as 1.30 and a line with {minor} in it.",
        hint: "Correct `with` in the runbook, or packages.sourceTemplate in the inventory.")
    }
    return line
  }

  private let host: String
  private let minor: String
  private let content: String
  private let file: SourceFile
  private let timeoutSeconds: Int

  package init(step: PlanStep) throws(StepFailure) {
    let parameters = StepParameters(step)
    host = try parameters.host()
    minor = try parameters.text("minor")
    content = try parameters.text("line") + "\n"
    let path = try parameters.text("file")
    // The plan may come from a file that somebody has edited.
    guard PackageSource.isSourceFile(path), content.hasPrefix("deb "),
      content.split(separator: "\n").count == 1
    else {
      throw StepFailure(
        code: "invalid-parameters",
        message: "Step \(step.id) would write something else than one source line to a file of apt's.",
        hint: "Plan again.")
    }
    file = SourceFile(path: path)
    timeoutSeconds = step.timeoutSeconds
  }

  package func probe(_ environment: ActionEnvironment) async throws(StepFailure) -> ProbeVerdict {
    if try await found(environment) == content {
      return .done(StepOutcome("\(file.path) on \(host) was found to name \(minor).", changed: true))
    }
    return switch environment.earlierCommands {
    case .none: .notStarted
    case .unfinished(let reason):
      .torn("writing \(file.path) on \(host) was interrupted (\(reason)); it can be done again")
    }
  }

  package func perform(_ environment: ActionEnvironment) async throws(StepFailure) -> StepOutcome {
    let target = try await environment.host(host)
    let result = try await target.change(file.replace(with: content, timeoutSeconds: timeoutSeconds))
    guard result.succeeded else {
      throw AptFailure.failure(
        of: result, doing: "Writing \(file.path)", code: "source-not-written", on: host)
    }
    let before = result.output.hasSuffix(content) ? String(result.output.dropLast(content.count)) : ""
    guard before != content else {
      return StepOutcome("\(file.path) on \(host) named \(minor) already.", changed: false)
    }
    return StepOutcome(
      "\(file.path) on \(host) names \(minor) now; \(Self.words(for: before))", changed: true)
  }

  /// What was there before, for whoever wants to put it back. The whole of it is in the step's output.
  private static func words(for before: String) -> String {
    let lines = before.split(whereSeparator: \.isNewline)
    return switch lines.count {
    case 0: "before, it was empty or not there."
    case 1: "before, it said: \(lines[0])"
    default: "before, it had \(lines.count) lines, which `pawl logs` shows; the first was: \(lines[0])"
    }
  }

  package func verify(_ environment: ActionEnvironment) async throws(StepFailure) {
    guard try await found(environment) == content else {
      throw StepFailure(
        code: "source-not-as-planned",
        message: "\(file.path) on \(host) does not hold the line of \(minor) after it was written.",
        retry: .temporary, hint: "See whether something else on the host manages that file.")
    }
  }

  private func found(_ environment: ActionEnvironment) async throws(StepFailure) -> String {
    let result = try await environment.host(host).look(file.print, asRoot: true)
    guard result.succeeded else {
      throw StepFailure(
        code: "source-unreadable", message: "\(file.path) on \(host) can't be read (\(result.ending)).",
        causes: Array(result.lines.suffix(5)), retry: .temporary,
        hint: "See the rights of \(PackageSource.sourceDirectory) there.")
    }
    return result.output
  }
}
