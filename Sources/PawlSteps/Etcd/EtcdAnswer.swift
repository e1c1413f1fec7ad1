/// What one etcd process says of its cluster, as `EtcdQuestion` prints it.
package struct EtcdAnswer: Sendable, Hashable {
  /// A line of etcd's list.
  struct Member: Sendable, Hashable {
    let id: String
    /// Empty for one that has never started.
    let name: String
    let clientURLs: Set<String>
    /// Learners do not vote.
    let isLearner: Bool

    /// From `ID, status, name, peer URLs, client URLs[, is learner]`; nil for any other line.
    init?(line: String) {
      let fields = line.split(separator: ", ", omittingEmptySubsequences: false).map(String.init)
      guard fields.count >= 4, fields[0].allSatisfy(\.isHexDigit),
        ["started", "unstarted"].contains(fields[1])
      else { return nil }
      id = fields[0]
      name = fields[1] == "started" ? fields[2] : ""
      clientURLs = Set(fields.count > 4 ? fields[4].split(separator: ",").map(String.init) : [])
      isLearner = fields.count > 5 && fields[5] == "true"
    }
  }

  /// The members that vote and which of them are healthy.
  let quorum: EtcdQuorum
  /// The member that the process itself is; nil when the list has none like it.
  let own: String?
  /// Why the list or the health is not known; nil when they are.
  let trouble: Trouble?

  /// Why etcd could not be asked.
  struct Trouble: Sendable, Hashable {
    let text: String
    /// Whether asking again can help.
    let mayPass: Bool
  }

  /// All answers in the output of `EtcdQuestion`: one for each process.
  package static func all(in output: String) -> [EtcdAnswer] {
    let lines = output.split(whereSeparator: \.isNewline).map(String.init)
    let starts = lines.indices.filter { lines[$0].hasPrefix(EtcdQuestion.mark + "process") }
    return zip(starts, starts.dropFirst() + [lines.endIndex]).map { EtcdAnswer(lines: lines[$0..<$1]) }
  }

  private init(lines: ArraySlice<String>) {
    let parts = Parts(lines)
    let members = parts.list.lines.compactMap(Member.init(line:))
    let health = parts.health.lines.compactMap(Self.health)
    let healthyURLs = Set(health.filter(\.healthy).map(\.url))
    func label(_ member: Member) -> String {
      let isOnlyOne = members.count { $0.name == member.name } == 1
      return !member.name.isEmpty && isOnlyOne ? member.name : member.id
    }
    let voters = members.filter { !$0.isLearner }
    quorum = EtcdQuorum(
      members: voters.map(label),
      healthy: Set(voters.filter { !$0.clientURLs.isDisjoint(with: healthyURLs) }.map(label)))
    let named = members.filter { $0.name == parts.name }
    own =
      (members.first { !$0.clientURLs.isDisjoint(with: parts.urls) } ?? (named.count == 1 ? named[0] : nil))
      .map(label)
    trouble = members.isEmpty ? parts.list.trouble : health.isEmpty ? parts.health.trouble : nil
  }

  /// `URL is healthy: …` or `URL is unhealthy: …`; nil for any other line.
  private static func health(_ line: String) -> (url: String, healthy: Bool)? {
    let words = line.split(separator: " ", maxSplits: 3).map(String.init)
    guard words.count >= 3, words[1] == "is", words[0].contains("://") else { return nil }
    switch words[2] {
    case "healthy:": return (words[0], true)
    case "unhealthy:": return (words[0], false)
    default: return nil
    }
  }
}

extension EtcdAnswer {
  /// The output about one process, taken apart.
  private struct Parts {
    var name = ""
    var urls: Set<String> = []
    var list = Talk()
    var health = Talk()

    init(_ lines: ArraySlice<String>) {
      var place: WritableKeyPath<Parts, Talk> = \.list
      for line in lines {
        guard line.hasPrefix(EtcdQuestion.mark) else {
          self[keyPath: place].lines.append(line)
          continue
        }
        let words = line.dropFirst(EtcdQuestion.mark.count).split(separator: " ", maxSplits: 1).map(
          String.init)
        let value = words.count > 1 ? words[1] : ""
        switch words.first {
        // etcd's own default.
        case "process": name = value.isEmpty ? "default" : value
        case "urls": urls = Set(value.split(separator: ",").map(String.init))
        case "health": place = \.health
        case "status": self[keyPath: place].status = Int(value)
        default: break
        }
      }
    }
  }

  /// What etcdctl said to one question.
  private struct Talk {
    var lines: [String] = []
    var status: Int?

    /// Why there is no answer in it.
    var trouble: Trouble {
      if lines.contains(where: { $0.contains("failed to execute etcdctl") }) {
        return Trouble(text: "there is no etcdctl, neither on the host nor beside etcd", mayPass: false)
      }
      if status == 124 || status == 137 { return Trouble(text: "etcdctl did not end in time", mayPass: true) }
      // Its log comes as JSON before the error.
      let said = lines.last { !$0.hasPrefix("{") } ?? lines.last
      return Trouble(
        text: said.map { "etcdctl says: \(WebAddress.excerpt($0))" } ?? "etcdctl says nothing", mayPass: true)
    }
  }
}
