import ArgumentParser
import Glibc

/// The program's way in.
package enum Entrypoint {
  /// Reads the arguments, runs the command and ends the process with its exit code.
  package static func main() async -> Never {
    // A reader that goes away, as in `pawl upgrade | head`, must not kill a run.
    signal(SIGPIPE, SIG_IGN)
    let status = await run()
    // Not exit(3): its handlers tear the TLS libraries down, and links that are closing on other threads would crash.
    fflush(nil)
    _exit(status.rawValue)
  }

  private static func run() async -> ExitCode {
    do {
      var command = try await PawlCommand.asyncParseAsRoot()
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
      return .success
    } catch {
      let status = PawlCommand.exitCode(for: error)
      let message = PawlCommand.fullMessage(for: error)
      if !message.isEmpty { status.isSuccess ? Console.line(message) : Console.error(message) }
      return status
    }
  }
}
