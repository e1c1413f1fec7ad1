/// Shell text for a remote command. It travels on standard input, so neither variables nor input are ever in a
/// process list.
enum CommandScript {
  /// The same search path on every host and for every user.
  static let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

  /// The line given to the user's login shell. It reads `length` bytes of script from standard input and runs them,
  /// with what follows as the script's own input, for `seconds` at most; then the host itself ends the script.
  static func line(length: Int, seconds: Int64, sudo: Bool) -> String {
    let inner = #"eval \"\$(head -c $0)\""#
    let outer =
      #"p=; [ "$2" = 0 ] || [ "$(id -u)" = 0 ] || p="sudo -n"; exec $p timeout -k 15 "$1" /bin/sh -c "\#(inner)" pawl"#
    return "/bin/sh -c '\(outer)' \(length) \(seconds) \(sudo ? 1 : 0)"
  }

  /// One compound command: when the link is lost half-way through, the shell finds no end and runs nothing.
  static func wrapped(_ script: String) -> [UInt8] { Array("{\n\(script)\n}".utf8) }

  /// The steps in order up to the first failure, then `always`; the status is that of the first failure.
  static func body(_ command: RemoteCommand) -> String {
    var lines = ["PATH=\(path)", "export PATH"]
    for (name, value) in command.environment.sorted(by: { $0.key < $1.key }) {
      lines.append("\(name)=\(shellQuoted(value))\nexport \(name)")
    }
    // `env` keeps the shell from taking a program's name for one of its own commands.
    let steps = command.steps.map(words)
    let always = command.always.map(words)
    if steps.count == 1, always.isEmpty { return (lines + ["exec \(steps[0])"]).joined(separator: "\n") }
    lines.append("status=0 stopped=")
    lines.append("trap 'stopped=1' TERM")
    for step in steps { lines.append(#"[ "$status$stopped" != 0 ] || \#(step) || status=$?"#) }
    lines.append(#"[ -z "$stopped" ] || [ "$status" != 0 ] || status=143"#)
    for step in always { lines.append(#"\#(step) || { code=$?; [ "$status" != 0 ] || status=$code; }"#) }
    lines.append(#"exit "$status""#)
    return lines.joined(separator: "\n")
  }

  private static func words(_ argv: [String]) -> String {
    "env -- " + argv.map(shellQuoted).joined(separator: " ")
  }
}
