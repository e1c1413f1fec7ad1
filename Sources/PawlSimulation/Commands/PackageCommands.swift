import PawlModel
import PawlSteps

/// dpkg and apt.
extension CommandInterpreter {
  func dpkgQuery(_ arguments: [String]) -> CommandScript {
    var format = #"${Package}\t${Version}\n"#
    var names: [String] = []
    for argument in arguments where argument != "-W" && argument != "--show" {
      if argument.hasPrefix("-f=") { format = String(argument.dropFirst(3)) } else { names.append(argument) }
    }
    var script = CommandScript(items: [.spend(SimulatedTimes.look)])
    for name in names {
      guard let version = host.installed[name] else {
        script.items.append(.complain("dpkg-query: no packages found matching \(name)"))
        script.status = 1
        continue
      }
      script.say(fill(format, package: name, version: version))
    }
    return script
  }

  private func fill(_ format: String, package: String, version: String) -> String {
    let wanted = host.holds.contains(package) ? "h" : "i"
    let broken = host.unconfigured.contains(package)
    let values = [
      "${Package}": package, "${Version}": version,
      "${db:Status-Abbrev}": wanted + (broken ? "U " : "i "),
      "${Status}": (wanted == "h" ? "hold" : "install") + " ok " + (broken ? "unpacked" : "installed"),
      #"\t"#: "\t", #"\n"#: "",
    ]
    return values.reduce(format) { text, entry in text.replacing(entry.key, with: entry.value) }
  }

  func dpkg(_ arguments: [String]) -> CommandScript {
    switch arguments {
    case ["--audit"], ["-C"]: return audit()
    case ["--configure", "-a"]:
      guard isRoot else {
        return .failing(2, "dpkg: error: requested operation requires superuser privilege")
      }
      var script = CommandScript()
      for package in host.unconfigured.sorted() {
        script.say(
          "Setting up \(package) (\(host.installed[package] ?? "")) ...", after: SimulatedTimes.packageUnpack)
        script.change(.configured(host: host.name, package: package))
      }
      return script
    default:
      return .failing(127, "dpkg: this simulated host does not know \(arguments.joined(separator: " "))")
    }
  }

  private func audit() -> CommandScript {
    guard !host.unconfigured.isEmpty else { return .printing([]) }
    return .printing(
      ["The following packages have been unpacked but not yet configured."]
        + host.unconfigured.sorted().map { " \($0)              command-line utility of Kubernetes" })
  }

  func aptMark(_ arguments: [String]) -> CommandScript {
    let names = arguments.dropFirst().filter { !$0.hasPrefix("-") }
    switch arguments.first {
    case "showhold": return .printing(host.holds.sorted())
    case "showauto": return .printing(host.automatic.sorted())
    case "showmanual":
      return .printing(names.filter { host.installed[$0] != nil && !host.automatic.contains($0) })
    case "auto":
      guard isRoot else { return .failing(100, "E: Could not open lock file, are you root?") }
      var script = CommandScript(items: [.spend(SimulatedTimes.look)])
      for name in names where host.installed[name] != nil {
        script.change(.automatic(host: host.name, package: name, true))
      }
      return script
    case "hold", "unhold":
      guard isRoot else { return .failing(100, "E: Could not open lock file, are you root?") }
      let hold = arguments[0] == "hold"
      var script = CommandScript(items: [.spend(SimulatedTimes.look)])
      for name in names {
        guard host.offers[name] != nil || host.installed[name] != nil else {
          return .failing(100, "E: Unable to locate package \(name)")
        }
        guard host.holds.contains(name) != hold else {
          script.say("\(name) was already \(hold ? "set on hold" : "not on hold").")
          continue
        }
        script.change(hold ? .held(host: host.name, package: name) : .unheld(host: host.name, package: name))
        script.say(hold ? "\(name) set on hold." : "Canceled hold on \(name).")
      }
      return script
    default: return .failing(100, "E: Invalid operation \(arguments.first ?? "")")
    }
  }

  func aptCache(_ arguments: [String]) -> CommandScript {
    guard arguments.first == "madison" else {
      return .failing(127, "apt-cache: this simulated host knows only madison")
    }
    let (words, settings, _) = parts(of: Array(arguments.dropFirst()))
    let offers = scratchSource(settings).map { state.offers(behind: $0) ?? [:] } ?? host.offers
    return .printing(
      words.flatMap { name in
        (offers[name] ?? []).map {
          " \(name) | \($0) | https://packages.example/kubernetes stable/main amd64 Packages"
        }
      })
  }

  /// apt's words, the `KEY=VALUE` of its `-o`, and its other options.
  private func parts(
    of arguments: [String]
  ) -> (words: [String], settings: [String: String], options: Set<String>) {
    var words: [String] = []
    var settings: [String: String] = [:]
    var options: Set<String> = []
    var isValue = false
    for argument in arguments {
      if isValue {
        let halves = argument.split(separator: "=", maxSplits: 1).map(String.init)
        settings[halves[0].lowercased()] = halves.count > 1 ? halves[1] : ""
        isValue = false
      } else if argument == "-o" || argument == "-c" {
        isValue = true
      } else if argument.hasPrefix("-") {
        options.insert(argument)
      } else {
        words.append(argument)
      }
    }
    return (words, settings, options)
  }

  /// The source line of an apt that works on a source list of its own; nil for one that works on the host's.
  private func scratchSource(_ settings: [String: String]) -> String? {
    settings["dir::etc::sourcelist"].map { host.files[$0] ?? "" }
  }

  func aptGet(_ arguments: [String]) -> CommandScript {
    let (words, settings, options) = parts(of: arguments)
    guard isRoot else { return .failing(100, "E: Could not open lock file, are you root?") }
    switch words.first {
    case "update":
      return update(scratchSource(settings), keepsLists: settings["dir::state::lists"] != nil)
    case "upgrade" where options.contains("-s"):
      return simulatedUpgrade(
        settings["dir::state::lists"] == nil ? host.offers : state.offers(to: host),
        prefersSecurity: settings["apt::default-release"] == "a=*-security")
    case "install": return install(Array(words.dropFirst()), options: options)
    default: return .failing(100, "E: Invalid operation \(words.first ?? "")")
    }
  }

  /// What `upgrade` would do by these offers, newest first.
  private func simulatedUpgrade(_ offers: [String: [String]], prefersSecurity: Bool) -> CommandScript {
    var changes: [(package: String, version: String)] = []
    for package in host.installed.keys.sorted() where !host.holds.contains(package) {
      let newer = offers[package]?.prefix { $0 != host.installed[package] } ?? []
      let secure = prefersSecurity ? newer.first { $0 == state.securityVersions[package] } : nil
      if let candidate = secure ?? newer.first { changes.append((package, candidate)) }
    }
    return simulated(changes)
  }

  private func simulated(_ changes: [(package: String, version: String)]) -> CommandScript {
    .printing(
      ["Reading package lists..."]
        + changes.map { package, version in
          let archive =
            state.securityVersions[package] == version
            ? "Debian-Security:12/stable-security" : "Debian:12.8/stable"
          let installed = host.installed[package].map { "[\($0)] " } ?? ""
          return "Inst \(package) \(installed)(\(version) \(archive) [amd64])"
        })
  }

  private func update(_ scratchSource: String?, keepsLists: Bool) -> CommandScript {
    var script = CommandScript()
    let lines =
      scratchSource.map { [$0] } ?? host.files.filter { PackageSource.isSourceFile($0.key) }.map(\.value)
    for line in lines where state.offers(behind: line) == nil {
      script.say("Err:1 \(line.filter { !$0.isNewline }) Release", after: SimulatedTimes.packageLists)
      script.say("  404  Not Found")
      script.items.append(
        .complain(
          "E: The repository '\(line.filter { !$0.isNewline }) Release' does not have a Release file."))
      script.status = 100
      return script
    }
    script.say("Get:1 kubernetes package list", after: SimulatedTimes.packageLists)
    if scratchSource == nil, !keepsLists { script.change(.listsUpdated(host: host.name)) }
    script.say("Reading package lists...")
    return script
  }

  private func install(_ requests: [String], options: Set<String>) -> CommandScript {
    guard host.unconfigured.isEmpty else {
      return .failing(
        100, "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem.")
    }
    var wanted: [(package: String, version: String)] = []
    for request in requests {
      switch resolve(request) {
      case .success(let choice): wanted.append(choice)
      case .failure(let complaint): return .failing(100, complaint.text)
      }
    }
    let changing = wanted.filter { host.installed[$0.package] != $0.version }
    if let complaint = refusal(changing, options: options) {
      return .failing(complaint.status, complaint.text)
    }
    if options.contains("-s") { return simulated(changing) }
    if options.contains("--download-only") {
      return .printing(["Download complete and in download only mode"])
    }
    return installing(wanted, changing: changing)
  }

  private struct Complaint: Error {
    var text: String
    var status = 100
  }

  /// `name=version`, `name=version*` or `name`, against the package lists.
  private func resolve(_ request: String) -> Result<(package: String, version: String), Complaint> {
    let parts = request.split(separator: "=", maxSplits: 1).map(String.init)
    guard let name = parts.first, let offers = host.offers[name], let newest = offers.first else {
      return .failure(Complaint(text: "E: Unable to locate package \(request)"))
    }
    guard parts.count == 2 else { return .success((name, newest)) }
    let pattern = parts[1]
    let version = offers.first { pattern.hasSuffix("*") ? $0.hasPrefix(pattern.dropLast()) : $0 == pattern }
    guard let version else {
      return .failure(Complaint(text: "E: Version '\(pattern)' for '\(name)' was not found"))
    }
    return .success((name, version))
  }

  private func refusal(_ changing: [(package: String, version: String)], options: Set<String>) -> Complaint? {
    guard !changing.isEmpty else { return nil }
    guard !options.isDisjoint(with: ["-s", "-y", "--yes", "--assume-yes", "-qy", "-yq"]) else {
      return Complaint(text: "Do you want to continue? [Y/n] Abort.", status: 1)
    }
    if changing.contains(where: { host.holds.contains($0.package) }),
      !options.contains("--allow-change-held-packages")
    {
      return Complaint(
        text: "E: Held packages were changed and -y was used without --allow-change-held-packages.")
    }
    let down = changing.contains { package, version in
      guard let now = host.version(of: package), let next = PackageFacts.kubernetesVersion(ofPackage: version)
      else {
        return false
      }
      return next < now
    }
    if down, !options.contains("--allow-downgrades") {
      return Complaint(text: "E: Packages were downgraded and -y was used without --allow-downgrades.")
    }
    return nil
  }

  private func installing(
    _ wanted: [(package: String, version: String)], changing: [(package: String, version: String)]
  ) -> CommandScript {
    var script = CommandScript()
    script.say("Reading package lists...", after: SimulatedTimes.look)
    for (package, version) in wanted where host.installed[package] == version {
      script.say("\(package) is already the newest version (\(version)).")
    }
    let new = changing.count { host.installed[$0.package] == nil }
    script.say("\(changing.count - new) upgraded, \(new) newly installed, 0 to remove and 0 not upgraded.")
    for (number, choice) in changing.enumerated() {
      script.say(
        "Get:\(number + 1) \(choice.package) \(choice.version)", after: SimulatedTimes.packageDownload)
    }
    // apt takes what it is told to install by name as what an operator chose.
    for (package, _) in wanted where host.automatic.contains(package) {
      script.change(.automatic(host: host.name, package: package, false))
    }
    for (package, version) in changing {
      let before = host.installed[package].map { " over (\($0))" } ?? ""
      script.say("Unpacking \(package) (\(version))\(before) ...", after: SimulatedTimes.packageUnpack)
      script.change(.unpacked(host: host.name, package: package, version: version))
    }
    for (package, version) in changing {
      script.say("Setting up \(package) (\(version)) ...", after: SimulatedTimes.look)
      script.change(.configured(host: host.name, package: package))
    }
    return script
  }
}
