/// One box of a drawn graph.
package struct GraphLabel: Sendable, Hashable {
  /// What the box says.
  package let text: String
  /// The frame it stands in; nil for none.
  package let cluster: String?

  /// Makes a label.
  package init(text: String, cluster: String? = nil) {
    self.text = text
    self.cluster = cluster
  }
}

extension DirectedGraph where Node == String {
  /// The graph in Graphviz's DOT language.
  package func dot(title: String, label: (String) -> GraphLabel) -> String {
    var lines = ["digraph \"\(dotEscaped(title))\" {", "  rankdir=LR;", "  node [shape=box];"]
    for (index, group) in grouped(label).enumerated() {
      if let name = group.name {
        lines.append("  subgraph cluster_\(index) {")
        lines.append("    label=\"\(dotEscaped(name))\";")
      }
      let indent = group.name == nil ? "  " : "    "
      for node in group.nodes {
        lines.append("\(indent)\"\(dotEscaped(node))\" [label=\"\(dotEscaped(label(node).text))\"];")
      }
      if group.name != nil { lines.append("  }") }
    }
    for node in nodes {
      for before in predecessors(of: node) {
        lines.append("  \"\(dotEscaped(before))\" -> \"\(dotEscaped(node))\";")
      }
    }
    return (lines + ["}", ""]).joined(separator: "\n")
  }

  /// The graph as a Mermaid flowchart.
  package func mermaid(label: (String) -> GraphLabel) -> String {
    let number = Dictionary(uniqueKeysWithValues: nodes.enumerated().map { ($1, "n\($0)") })
    var lines = ["flowchart LR"]
    for (index, group) in grouped(label).enumerated() {
      if let name = group.name { lines.append("  subgraph g\(index)[\"\(mermaidEscaped(name))\"]") }
      let indent = group.name == nil ? "  " : "    "
      for node in group.nodes {
        lines.append("\(indent)\(number[node] ?? "n")[\"\(mermaidEscaped(label(node).text))\"]")
      }
      if group.name != nil { lines.append("  end") }
    }
    for node in nodes {
      for before in predecessors(of: node) {
        lines.append("  \(number[before] ?? "n") --> \(number[node] ?? "n")")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func grouped(_ label: (String) -> GraphLabel) -> [(name: String?, nodes: [String])] {
    var groups: [(name: String?, nodes: [String])] = []
    var position: [String?: Int] = [:]
    for node in nodes {
      let name = label(node).cluster
      if let place = position[name] {
        groups[place].nodes.append(node)
      } else {
        position[name] = groups.count
        groups.append((name, [node]))
      }
    }
    return groups
  }
}

private func dotEscaped(_ text: String) -> String {
  var result = ""
  for character in text {
    switch character {
    case "\\": result += "\\\\"
    case "\"": result += "\\\""
    case "\n": result += "\\n"
    default: result.append(character)
    }
  }
  return result
}

private func mermaidEscaped(_ text: String) -> String {
  var result = ""
  for character in text {
    switch character {
    case "\"": result += "#quot;"
    case "#": result += "#35;"
    case "\n": result += "<br/>"
    default: result.append(character)
    }
  }
  return result
}
