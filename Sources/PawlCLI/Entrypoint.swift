import ArgumentParser
import Glibc

/// The program's way in.
package enum Entrypoint {
  /// Reads the arguments, runs the command and ends the process with its exit code.
  package static func main() async {
    // A reader that goes away, as in `pawl upgrade | head`, must not kill a run.
    signal(SIGPIPE, SIG_IGN)
    await PawlCommand.main()
  }
}
