import PawlModel

/// A plan as people read it. Pure text; colour is the terminal's business.
package struct PlanReport: Sendable {
  private let plan: Plan

  /// Makes the report of a plan.
  package init(_ plan: Plan) { self.plan = plan }

  /// The report in plain text, lines at most `width` wide where they can be broken.
  package func text(width: Int = 100) -> String {
    guard !plan.steps.isEmpty else {
      return plan.title + "\n\nNothing to do: every host is where it should be.\n"
        + skippedLines().joined(separator: "\n")
    }
    var lines = [plan.title, ""]
    lines += versionLines()
    lines += [summaryLine(), ""]
    lines += notesLines(width: width)
    lines += stepLines(width: width)
    lines += skippedLines()
    return lines.joined(separator: "\n").trimmedEnd + "\n"
  }

  private func summaryLine() -> String {
    let hosts = Set(plan.steps.compactMap(\.host)).count
    return "\(plan.steps.count) steps on \(hosts) hosts, about \(Self.duration(plan.estimateSeconds)). "
      + "Runbook \(plan.runbook.name) \(plan.runbook.version)."
  }

  private func versionLines() -> [String] {
    let moving = plan.versions.filter { !$0.through.isEmpty }
    guard !moving.isEmpty else { return [] }
    let nameWidth = (moving.map(\.host.count).max() ?? 0) + 2
    return moving.map { change in
      let way = ([change.from] + change.through).map(\.description).joined(separator: " -> ")
      return "  " + change.host.padded(to: nameWidth) + change.role.padded(to: 15) + way
    } + [""]
  }

  private func notesLines(width: Int) -> [String] {
    guard !plan.notes.isEmpty else { return [] }
    return plan.notes.flatMap { note in
      let mark = note.level == .warning ? "warning: " : "note: "
      return (mark + note.message).wrapped(to: width, indent: "  ")
    } + [""]
  }

  private func stepLines(width: Int) -> [String] {
    let idWidth = min((plan.steps.map(\.id.text.count).max() ?? 0) + 2, max(width / 2, 20))
    var lines: [String] = []
    var path: [String]?
    for step in plan.steps {
      if step.path != path {
        path = step.path
        if !lines.isEmpty { lines.append("") }
        if !step.path.isEmpty { lines.append(step.path.joined(separator: " / ")) }
      }
      let mark = step.reversibility == .final ? "! " : "  "
      lines.append("  " + mark + step.id.text.padded(to: idWidth) + step.title)
    }
    if plan.steps.contains(where: { $0.reversibility == .final }) {
      lines += ["", "  ! can't be taken back; after it the way is forward."]
    }
    return lines + [""]
  }

  private func skippedLines() -> [String] {
    guard !plan.skipped.isEmpty else { return [] }
    return ["Left out"] + SkippedGroup.groups(of: plan.skipped).map { "    \($0.what): \($0.reason)" } + [""]
  }

  /// Seconds as people say them: `45 s`, `12 min`, `1 h 20 min`.
  package static func duration(_ seconds: Int) -> String {
    if seconds < 90 { return "\(seconds) s" }
    let minutes = (seconds + 30) / 60
    if minutes < 90 { return "\(minutes) min" }
    return "\(minutes / 60) h \(minutes % 60) min"
  }
}

extension Plan {
  /// The longest way through the graph by the steps' estimates, in seconds.
  package var estimateSeconds: Int {
    var finish: [StepID: Int] = [:]
    for step in steps {
      finish[step.id] = (step.needs.compactMap { finish[$0] }.max() ?? 0) + step.estimateSeconds
    }
    return finish.values.max() ?? 0
  }
}

extension PlanReport {
  /// The report in Markdown, for a change request.
  package func markdown() -> String {
    var lines = ["# \(plan.title)", ""]
    guard !plan.steps.isEmpty else {
      return (lines + ["Nothing to do: every host is where it should be.", ""]).joined(separator: "\n")
    }
    lines += [summaryLine(), ""]
    let moving = plan.versions.filter { !$0.through.isEmpty }
    if !moving.isEmpty {
      lines += ["| Host | Role | From | Through |", "| --- | --- | --- | --- |"]
      lines += moving.map { change in
        "| \(change.host) | \(change.role) | \(change.from) | \(change.through.map(\.description).joined(separator: ", ")) |"
      }
      lines.append("")
    }
    lines += plan.notes.map { "- \($0.level == .warning ? "**Warning:** " : "")\($0.message)" }
    lines += ["", "| Step | What | Needs | Can be taken back |", "| --- | --- | --- | --- |"]
    lines += plan.steps.map { step in
      "| `\(step.id)` | \(step.title) | \(step.needs.map { "`\($0)`" }.joined(separator: ", ")) | \(step.reversibility.words) |"
    }
    if !plan.skipped.isEmpty {
      lines +=
        ["", "Left out:", ""] + SkippedGroup.groups(of: plan.skipped).map { "- \($0.what): \($0.reason)" }
    }
    return (lines + [""]).joined(separator: "\n")
  }
}

extension Reversibility {
  /// The word in a report's table.
  var words: String {
    switch self {
    case .reversible: "yes"
    case .compensable: "by another step"
    case .final: "no"
    case .readOnly: "changes nothing"
    }
  }
}
