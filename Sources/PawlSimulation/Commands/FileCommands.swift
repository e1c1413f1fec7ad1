import PawlSteps

/// The few programs for files that actions need. Directories exist by themselves.
extension CommandInterpreter {
  func files(_ program: String, _ arguments: [String]) -> CommandScript {
    guard isRoot else { return .failing(1, "\(program): Permission denied") }
    let paths = arguments.filter { $0.hasPrefix("/") }
    switch (program, paths.count) {
    case ("mkdir", 1...), ("chmod", 1), ("cp", 2): return CommandScript(items: [.spend(SimulatedTimes.look)])
    case ("tee", 1):
      var script = CommandScript.printing(input.split(separator: "\n").map(String.init))
      script.change(.fileWritten(host: host.name, path: paths[0], content: input))
      return script
    case ("mv", 2):
      guard host.files[paths[0]] != nil else {
        return .failing(1, "mv: cannot stat '\(paths[0])': No such file or directory")
      }
      var script = CommandScript()
      script.change(.fileMoved(host: host.name, from: paths[0], to: paths[1]))
      return script
    case ("rm", 1):
      return CommandScript(items: [.change(.fileWritten(host: host.name, path: paths[0], content: nil))])
    case ("find", 1): return find(in: paths[0], arguments)
    default:
      return .failing(127, "this simulated host does not know \(program) \(arguments.joined(separator: " "))")
    }
  }

  /// `find DIRECTORY -maxdepth 1 -name NAME -exec cat {} +`.
  private func find(in directory: String, _ arguments: [String]) -> CommandScript {
    guard arguments.count == 9, arguments[3] == "-name",
      Array(arguments[5...]) == ["-exec", "cat", "{}", "+"]
    else {
      return .failing(1, "find: this simulated host knows one form only")
    }
    let path = (directory.hasSuffix("/") ? directory : directory + "/") + arguments[4]
    return .printing((host.files[path] ?? "").split(separator: "\n").map(String.init))
  }
}
