/// What an operator wants proven after each node, besides what a runbook looks at by itself.
package struct Gates: Sendable, Hashable, Codable {
  /// How often and how long a gate looks.
  package struct Timing: Sendable, Hashable, Codable {
    /// Looks that have to be good, among the last `of`.
    package var samples: Int
    package var of: Int
    package var intervalSeconds: Int
    package var timeoutSeconds: Int

    /// Unless given. Prometheus itself looks every 15 seconds or so.
    package static let prometheus = Timing(samples: 2, of: 2, intervalSeconds: 15, timeoutSeconds: 600)
    package static let http = Timing(samples: 3, of: 3, intervalSeconds: 5, timeoutSeconds: 300)
    package static let command = Timing(samples: 1, of: 1, intervalSeconds: 10, timeoutSeconds: 300)

    /// Makes a timing.
    package init(samples: Int, of: Int, intervalSeconds: Int, timeoutSeconds: Int) {
      self.samples = samples
      self.of = of
      self.intervalSeconds = intervalSeconds
      self.timeoutSeconds = timeoutSeconds
    }
  }

  /// How a value of a query compares with the wanted one.
  package enum Comparison: String, Sendable, Hashable, Codable, CaseIterable {
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case atMost = "<="
    case greater = ">"
    case atLeast = ">="

    /// Whether it holds; of what is not a number nothing but `!=` does.
    package func holds(_ left: Double, _ right: Double) -> Bool {
      switch self {
      case .equal: left == right
      case .notEqual: left != right
      case .less: left < right
      case .atMost: left <= right
      case .greater: left > right
      case .atLeast: left >= right
      }
    }
  }

  /// A question to Prometheus: a query's values, or that no alert fires.
  package struct Prometheus: Sendable, Hashable, Codable {
    package var name: String
    package var url: String
    /// Absolute path of the certificates of its authorities; empty for the machine's.
    package var caFile: String
    /// Empty to look at the alerts.
    package var query: String
    package var op: Comparison
    /// A number as text; empty without a query.
    package var value: String
    /// Alerts that may fire.
    package var except: [String]
    package var timing: Timing

    /// Makes a gate.
    package init(
      name: String, url: String, caFile: String = "", query: String = "", op: Comparison = .equal,
      value: String = "", except: [String] = [], timing: Timing = .prometheus
    ) {
      self.name = name
      self.url = url
      self.caFile = caFile
      self.query = query
      self.op = op
      self.value = value
      self.except = except
      self.timing = timing
    }
  }

  /// A web address that has to answer.
  package struct HTTP: Sendable, Hashable, Codable {
    package var name: String
    package var url: String
    /// Absolute path of the certificates of its authorities; empty for the machine's.
    package var caFile: String
    package var status: Int
    /// A text that the answer must have in it; empty for any.
    package var contains: String
    package var timing: Timing

    /// Makes a gate.
    package init(
      name: String, url: String, caFile: String = "", status: Int = 200, contains: String = "",
      timing: Timing = .http
    ) {
      self.name = name
      self.url = url
      self.caFile = caFile
      self.status = status
      self.contains = contains
      self.timing = timing
    }
  }

  /// A program on the node's host that has to end with 0.
  package struct Command: Sendable, Hashable, Codable {
    package var name: String
    /// The program and its arguments.
    package var run: [String]
    package var asRoot: Bool
    package var timing: Timing

    /// Makes a gate.
    package init(
      name: String, run: [String], asRoot: Bool = false,
      timing: Timing = .command
    ) {
      self.name = name
      self.run = run
      self.asRoot = asRoot
      self.timing = timing
    }
  }

  package var prometheus: [Prometheus]
  package var http: [HTTP]
  package var command: [Command]

  /// Makes gates; none by default.
  package init(prometheus: [Prometheus] = [], http: [HTTP] = [], command: [Command] = []) {
    self.prometheus = prometheus
    self.http = http
    self.command = command
  }

  /// Whether a text is an address that a gate can ask: http or https, with a host, without credentials.
  package static func isAddress(_ text: String) -> Bool {
    for scheme in ["http://", "https://"] where text.hasPrefix(scheme) {
      let rest = text.dropFirst(scheme.count)
      let authority = rest.prefix { !"/?#".contains($0) }
      return !authority.isEmpty && !authority.contains("@")
        && text.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value < 0x7f }
    }
    return false
  }
}

extension Gates {
  /// What a runbook's expressions see.
  package var value: Value {
    .map([
      "prometheus": .list(
        prometheus.map {
          item(
            $0.name, $0.timing,
            [
              "url": .string($0.url), "caFile": .string($0.caFile), "query": .string($0.query),
              "op": .string($0.op.rawValue),
              "value": .string($0.value), "except": .list($0.except.map { .string($0) }),
            ])
        }),
      "http": .list(
        http.map {
          item(
            $0.name, $0.timing,
            [
              "url": .string($0.url), "caFile": .string($0.caFile), "status": .int($0.status),
              "contains": .string($0.contains),
            ])
        }),
      "command": .list(
        command.map {
          item($0.name, $0.timing, ["run": .list($0.run.map { .string($0) }), "asRoot": .bool($0.asRoot)])
        }),
    ])
  }

  /// `key` is what a repeated step's id gets.
  private func item(_ name: String, _ timing: Timing, _ entries: [String: Value]) -> Value {
    let common: [String: Value] = [
      "key": .string(name), "name": .string(name), "samples": .int(timing.samples), "of": .int(timing.of),
      "interval": .int(timing.intervalSeconds), "timeout": .int(timing.timeoutSeconds),
    ]
    return .map(common.merging(entries) { $1 })
  }
}
