import PawlModel

/// A plan as people read it. Pure text; colour is the terminal's business.
package struct PlanReport: Sendable {
  private let plan: Plan

  /// Makes the report of a plan.
  package init(_ plan: Plan) { self.plan = plan }

  /// The report in plain text, lines at most `width` wide where they can be broken.
  package func text(width: Int = 100) -> String {
    guard !plan.steps.isEmpty else {
      let lines = plan.title.wrapped(to: width) + ["", nothing] + notesLines(width: width)
      return (lines + skippedLines(width: width)).joined(separator: "\n") + "\n"
    }
    var lines = plan.title.wrapped(to: width) + [""]
    lines += versionLines(width: width)
    lines += summaryLine().wrapped(to: width) + [""]
    lines += rolloutLines(width: width)
    lines += notesLines(width: width)
    lines += stepLines(width: width)
    lines += skippedLines(width: width)
    return lines.joined(separator: "\n").trimmedEnd + "\n"
  }

  /// Notes say what is left as it is all the same.
  private var nothing: String {
    plan.notes.isEmpty
      ? "Nothing to do: every host is where it should be." : "Nothing to do, as it was asked for:"
  }

  private func summaryLine() -> String {
    let count = Set(plan.steps.compactMap(\.host)).count
    let hosts = "\(count) host\(count == 1 ? "" : "s")"
    let time = plan.estimate
    let (low, high) = (Self.duration(time.lowSeconds), Self.duration(time.highSeconds))
    let spread = low == high ? "" : " (\(low) to \(high)\(spreadSource))"
    return "\(plan.steps.count) steps on \(hosts), about \(Self.duration(time.seconds))\(spread). "
      + "Runbook \(plan.runbook.name) \(plan.runbook.version)."
  }

  /// What the times are taken from.
  private var spreadSource: String {
    let sources = Set(plan.steps.compactMap(\.estimateSource))
    if !sources.contains(.defaults) { return " by earlier runs" }
    return sources.contains(.runs)
      ? " by earlier runs, and by defaults where there are none" : " by defaults: there are no earlier runs"
  }

  private func versionLines(width: Int) -> [String] {
    let moving = plan.versions.filter { !$0.through.isEmpty }
    guard !moving.isEmpty else { return [] }
    let nameWidth = (moving.map(\.host.count).max() ?? 0) + 2
    let rows = moving.map { change in
      let way = ([change.from] + change.through).map(\.description).joined(separator: " -> ")
      return (head: "  " + change.host.padded(to: nameWidth) + change.role, text: way)
    }
    let layout = TwoColumns(rows, width: width)
    return rows.flatMap(layout.lines) + [""]
  }

  private func rolloutLines(width: Int) -> [String] {
    guard let rollout = plan.rollout, rollout.hasShape else { return [] }
    let rows = rollout.rows.map { (head: "  \($0.head)", text: $0.text) }
    let layout = TwoColumns(rows, width: width)
    return ["Rollout of the workers"] + rows.flatMap(layout.lines) + [""]
  }

  private func notesLines(width: Int) -> [String] {
    guard !plan.notes.isEmpty else { return [] }
    return plan.notes.flatMap { note in
      let mark = note.level == .warning ? "warning: " : "note: "
      return (mark + note.message).wrapped(to: width, indent: "  ")
    } + [""]
  }

  private func stepLines(width: Int) -> [String] {
    let layout = TwoColumns(plan.steps.map { (head(of: $0), $0.title) }, width: width)
    var lines: [String] = []
    var path: [String]?
    for step in plan.steps {
      if step.path != path {
        path = step.path
        if !lines.isEmpty { lines.append("") }
        lines += step.path.joined(separator: " / ").wrapped(to: width)
      }
      lines += layout.lines(head(of: step), step.title)
    }
    if plan.steps.contains(where: { $0.reversibility == .final }) {
      lines += [""] + "! can't be taken back; after it the way is forward.".wrapped(to: width, indent: "  ")
    }
    return lines + [""]
  }

  private func head(of step: PlanStep) -> String {
    (step.reversibility == .final ? "  ! " : "    ") + step.id.text
  }

  private func skippedLines(width: Int) -> [String] {
    guard !plan.skipped.isEmpty else { return [] }
    return ["Left out"]
      + SkippedGroup.groups(of: plan.skipped).flatMap {
        "\($0.what): \($0.reason)".wrapped(to: width, indent: "    ")
      } + [""]
  }

  /// Seconds as people say them: `45 s`, `12 min`, `1 h 20 min`.
  package static func duration(_ seconds: Int) -> String {
    if seconds < 90 { return "\(seconds) s" }
    let minutes = (seconds + 30) / 60
    if minutes < 90 { return "\(minutes) min" }
    return "\(minutes / 60) h \(minutes % 60) min"
  }
}

extension PlanReport {
  /// The report in Markdown, for a change request.
  package func markdown() -> String {
    var lines = ["# \(plan.title)", ""]
    guard !plan.steps.isEmpty else {
      return (lines + [nothing, ""] + plan.notes.map { "- \($0.message)" }).joined(separator: "\n") + "\n"
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
    if let rollout = plan.rollout, rollout.hasShape {
      lines += ["| Rollout of the workers | |", "| --- | --- |"]
      lines += rollout.rows.map { "| \($0.head) | \($0.text) |" } + [""]
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
